"""Calls in flight: none is cancelled by its caller's leaving, and a shutdown waits for all."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
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

    @asynccontextmanager
    async def deadline(self, when: float) -> AsyncGenerator[asyncio.Timeout]:
        """Raise TimeoutError at this time of the loop's clock, or when a shutdown cannot wait."""
        if self._giving_up:
            when = asyncio.get_running_loop().time()
        async with asyncio.timeout_at(when) as timeout:
            self._deadlines.add(timeout)
            try:
                yield timeout
            finally:
                self._deadlines.discard(timeout)

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
