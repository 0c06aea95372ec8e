"""Calls in flight: none is cancelled by its caller's leaving, and a shutdown waits for all."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any


class OpenCalls:
    """Runs each call in a task of its own, kept until it has settled (process-model §2)."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._deadlines: set[asyncio.Timeout] = set()
        self._giving_up = False

    def __len__(self) -> int:
        return len(self._tasks)

    async def run(self, call: Coroutine[Any, Any, None]) -> None:
        """Run a call to its end, also when whoever waits for it is cancelled."""
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.shield(task)

    def deadline(self, when: float) -> "Deadline":
        """Raise TimeoutError at this time of the loop's clock, or when a shutdown cannot wait."""
        if self._giving_up:
            when = asyncio.get_running_loop().time()
        return Deadline(when, self._deadlines)

    async def drain(self, seconds: float) -> None:
        """Wait for every call; after this long, have those left settle with what they have."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        self._giving_up = True
        now = asyncio.get_running_loop().time()
        for timeout in self._deadlines:
            if not timeout.expired():
                timeout.reschedule(now)
        if self._tasks:
            await asyncio.wait(set(self._tasks))


class Deadline:
    """A timeout that a shutdown finds; a class, for a generator would cost each call more."""

    def __init__(self, when: float, known: set[asyncio.Timeout]) -> None:
        self._timeout = asyncio.timeout_at(when)
        self._known = known

    async def __aenter__(self) -> asyncio.Timeout:
        """Begin to wait."""
        await self._timeout.__aenter__()
        self._known.add(self._timeout)
        return self._timeout

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop waiting."""
        self._known.discard(self._timeout)
        await self._timeout.__aexit__(kind, error, trace)
