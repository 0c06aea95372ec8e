"""Planted into the gateway's children by PYTHONPATH: kills them exactly at a step of a call.

A call that is to crash names the step in its X-Request-ID: `crash:mid-stream:json`. The background
process dies at a sweep's commit for each file that it finds (and removes): `sweep-before`,
`sweep-after`. Without TOLLBOOK_TEST_CRASH nothing here does anything.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from uuid import UUID

STEP: ContextVar[str] = ContextVar("step", default="")
DOOMED: dict[UUID, str] = {}
"""Calls that have a step to die at; a commit happens in a thread that knows no context."""
SENT_SECONDS = 0.3
COMMIT_SECONDS = 0.001


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def reach(step: str) -> None:
    if STEP.get() == step:
        die()


def plant_in_exchange() -> None:
    from api.exchange import Exchange

    begin, send = Exchange.__init__, Exchange.send

    def begun(self: Exchange, *args: Any) -> None:
        begin(self, *args)
        kind, _, rest = (self.client_request_id or "").partition(":")
        STEP.set(rest.partition(":")[0] if kind == "crash" else "")
        reach("on-arrival")

    async def sent(self: Exchange, data: bytes, *, last: bool = False) -> None:
        if last:
            reach("before-the-response-ends")
        await send(self, data, last=last)
        if last:
            reach("after-the-response-ended")

    Exchange.__init__, Exchange.send = begun, sent  # type: ignore[method-assign]


def plant_in_upstreams() -> None:
    from adapters.upstreams import chat_answers
    from adapters.upstreams.openai import OpenAIProvider
    from adapters.upstreams.transport import AiohttpTransport

    send, transmit, read = (
        OpenAIProvider.send, AiohttpTransport.handle_async_request, chat_answers.aiter_bytes,
    )  # fmt: skip

    async def sent(self: Any, call: Any) -> Any:
        reach("before-dispatch")
        return await send(self, call)

    async def transmitted(self: Any, request: Any) -> Any:
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

    OpenAIProvider.send = sent  # type: ignore[method-assign]
    AiohttpTransport.handle_async_request = transmitted  # type: ignore[method-assign]
    chat_answers.aiter_bytes = received


def plant_in_commits(folder: Path) -> None:
    from adapters.ledger.group_commit import PostgresLedger
    from adapters.ledger.writer import Writer
    from domain.reserve_call import ReserveCall
    from domain.sweep import SweepWallet

    execute, append, insert = PostgresLedger.execute, Writer.append, Writer._insert
    committing: list[str] = []

    async def executed(self: PostgresLedger, command: Any) -> Any:
        if STEP.get():
            DOOMED[command.request_id] = STEP.get()
        return await execute(self, command)

    def appended(self: Writer, commands: Sequence[Any]) -> Any:
        committing.clear()
        for command in commands:
            if isinstance(command, SweepWallet):
                committing.append("sweep")
            elif step := DOOMED.get(getattr(command, "request_id", None)):  # type: ignore[arg-type]
                what = "reserve" if isinstance(command, ReserveCall) else "charge"
                committing.append(f"{step} {what}")
        return append(self, commands)

    def dies(when: str) -> bool:
        flag = folder / f"sweep-{when}"
        if "sweep" in committing and flag.exists():
            flag.unlink()
            return True
        return any(step == f"{when}-the-{what}-commits {what}" for step, what in _parts(committing))

    def inserted(self: Writer, *args: Any) -> None:
        if dies("before"):
            die()
        if dies("while"):
            threading.Timer(COMMIT_SECONDS, die).start()
        insert(self, *args)
        if dies("after"):
            die()

    PostgresLedger.execute = executed  # type: ignore[method-assign,assignment]
    Writer.append, Writer._insert = appended, inserted  # type: ignore[method-assign]


def _parts(committing: Sequence[str]) -> list[tuple[str, str]]:
    return [(entry, entry.rpartition(" ")[2]) for entry in committing]


if where := os.environ.get("TOLLBOOK_TEST_CRASH"):
    if "worker" in sys.orig_argv:
        plant_in_exchange()
        plant_in_upstreams()
    if {"worker", "background"} & set(sys.orig_argv):
        plant_in_commits(Path(where))
