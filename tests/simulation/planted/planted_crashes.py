"""Kills this process exactly at a step of a call; importing it is what plants that.

A call that is to crash names the step in its X-Request-ID: `crash:mid-stream:json`. The background
process dies at a sweep's commit for each file that it finds (and removes) in the folder that
TOLLBOOK_TEST_CRASH names: `sweep-before`, `sweep-after`.
"""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.ledger.group_commit import PostgresLedger
from adapters.ledger.writer import Writer
from adapters.upstreams import answers
from adapters.upstreams.http_provider import HttpProvider
from adapters.upstreams.transport import AiohttpTransport
from api.exchange import Exchange
from domain.reserve_call import ReserveCall
from domain.sweep import SweepWallet

FOLDER = Path(os.environ["TOLLBOOK_TEST_CRASH"])
STEP: ContextVar[str] = ContextVar("step", default="")
DOOMED: dict[UUID, str] = {}
"""Calls that have a step to die at; a commit happens in a thread that knows no context."""
SENT_SECONDS = 0.3
"""After this the upstream has the whole request."""
COMMIT_SECONDS = 0.0005
"""About when the commit is on its way; if it is answered before, the process dies at once."""

committing: set[str] = set()
"""The steps planned for the batch that this process is committing."""

begin, send_bytes = Exchange.__init__, Exchange.send
dispatch, transmit = HttpProvider.send, AiohttpTransport.handle_async_request
read = answers.aiter_bytes
execute, append, insert = PostgresLedger.execute, Writer.append, Writer._insert


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def reach(step: str) -> None:
    if STEP.get() == step:
        die()


def begun(self: Exchange, *args: Any) -> None:
    begin(self, *args)
    kind, _, rest = (self.client_request_id or "").partition(":")
    STEP.set(rest.partition(":")[0] if kind == "crash" else "")
    reach("on-arrival")


async def executed(self: PostgresLedger, command: Any) -> Any:
    if STEP.get():
        DOOMED[command.request_id] = STEP.get()
    return await execute(self, command)


def appended(self: Writer, commands: Sequence[Any]) -> Any:
    committing.clear()
    for command in commands:
        step = DOOMED.get(getattr(command, "request_id", None))  # type: ignore[arg-type]
        what = "reserve" if isinstance(command, ReserveCall) else "charge"
        if step and f"the-{what}-commits" in step:
            committing.add(step.partition("-")[0])
        if isinstance(command, SweepWallet):
            committing.update(path.name for path in FOLDER.glob("sweep-*"))
    return append(self, commands)


def inserted(self: Writer, *args: Any) -> None:
    at_commit("before")
    if "while" in committing:
        threading.Timer(COMMIT_SECONDS, die).start()
    insert(self, *args)
    at_commit("after")
    at_commit("while")


def at_commit(when: str) -> None:
    if f"sweep-{when}" in committing:
        (FOLDER / f"sweep-{when}").unlink()
        die()
    if when in committing:
        die()


async def dispatched(self: HttpProvider, call: Any) -> Any:
    reach("before-dispatch")
    return await dispatch(self, call)


async def transmitted(self: AiohttpTransport, request: Any) -> Any:
    if STEP.get() != "after-dispatch":
        return await transmit(self, request)
    sending = asyncio.create_task(transmit(self, request))
    await asyncio.sleep(SENT_SECONDS)
    die()
    return await sending


async def received(response: Any) -> AsyncIterator[bytes]:
    reach("before-the-first-byte")
    async for data in read(response):
        if b"prompt_tokens" in data:
            reach("before-the-last-chunk")
        yield data
        reach("after-the-first-byte")
        if b"midway" in data:
            reach("mid-stream")
    reach("after-the-last-chunk")


async def sent(self: Exchange, data: bytes, *, last: bool = False) -> None:
    if last:
        reach("before-the-response-ends")
    await send_bytes(self, data, last=last)
    if last:
        await asyncio.sleep(0)  # what was sent leaves when the loop's turn ends
        reach("after-the-response-ended")


for kind, name, planted in (
    (Exchange, "__init__", begun),
    (Exchange, "send", sent),
    (PostgresLedger, "execute", executed),
    (Writer, "append", appended),
    (Writer, "_insert", inserted),
    (HttpProvider, "send", dispatched),
    (AiohttpTransport, "handle_async_request", transmitted),
    (answers, "aiter_bytes", received),
):
    setattr(kind, name, planted)
