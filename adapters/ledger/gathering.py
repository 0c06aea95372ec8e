"""Many callers, one trip: while a batch is being worked on, the next callers gather."""

import asyncio
import logging
import time
from asyncio import Future
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from domain.errors import BillingUnavailableError
from domain.ports import Command

T = TypeVar("T")

BATCH_MAX = 256
"""Commands in one batch."""

Work = Callable[[Sequence[Command[Any]]], list[object]]
"""Gives a result or an exception for each command; it runs in a thread and never raises."""
Observe = Callable[[int, float], None]
"""Is told every batch's size and seconds."""

_log = logging.getLogger("tollbook.ledger")


class Gathering:
    """One thread at work, and the queue in front of it; `start` it in the loop that will ask."""

    def __init__(self, name: str, work: Work, observe: Observe | None = None) -> None:
        self._name = name
        self._work = work
        self._observe = observe
        self._thread = ThreadPoolExecutor(1, name)
        self._queue: deque[tuple[Command[Any], Future[Any]]] = deque()
        self._wake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._closing = False

    async def start(self) -> None:
        """Begin to work."""
        self._running = asyncio.create_task(self._run(), name=self._name)

    async def close(self, let_go: Callable[[], None]) -> None:
        """Work off what is queued; then `let_go` is called in the thread, which ends."""
        self._closing = True
        self._wake.set()
        if self._running is not None:
            await self._running
        self._thread.submit(let_go).result()
        self._thread.shutdown()

    async def ask(self, command: Command[T]) -> T:
        """Give a command's result, or raise what became of it, or BillingUnavailableError.

        A caller that is cancelled while queued is dropped; later, its command stands.
        """
        if self._closing:
            raise BillingUnavailableError
        answer: Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.append((command, answer))
        self._wake.set()
        return cast("T", await answer)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closing or self._queue:
            await self._wake.wait()
            self._wake.clear()
            while batch := self._take():
                started = time.perf_counter()
                commands = [command for command, _ in batch]
                outcomes = await loop.run_in_executor(self._thread, self._work, commands)
                for (_, answer), outcome in zip(batch, outcomes, strict=True):
                    _tell(answer, outcome)
                self._note(len(batch), time.perf_counter() - started)

    def _take(self) -> list[tuple[Command[Any], Future[Any]]]:
        """Take the next batch, without those whose caller has gone."""
        batch: list[tuple[Command[Any], Future[Any]]] = []
        while self._queue and len(batch) < BATCH_MAX:
            entry = self._queue.popleft()
            if not entry[1].cancelled():
                batch.append(entry)
        return batch

    def _note(self, size: int, seconds: float) -> None:
        if self._observe is None:
            return
        try:
            self._observe(size, seconds)
        except Exception:  # noqa: BLE001  # a metric never stops the ledger
            _log.exception("the observer failed")


def _tell(answer: "Future[Any]", outcome: object) -> None:
    if answer.cancelled():
        return
    if isinstance(outcome, BaseException):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
