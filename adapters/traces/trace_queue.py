"""A queue that nobody waits for: traces gather in it, are written in batches, or are dropped."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from adapters.traces.call_trace import CallTrace

GATHER_SECONDS: Final = 0.25
"""How long traces gather; a commit for each would cost more than the trace."""
BATCH_MAX: Final = 500
"""Writing them out holds up the loop for some milliseconds."""
BRIEF_SECONDS: Final = 0.3
"""How long a reader waits for traces at most."""
WAITING_MAX: Final = 10_000
"""Beyond this many new ones are dropped: some megabytes, and seconds of a slow writer."""

_log = logging.getLogger("tollbook.traces")

Write = Callable[[Sequence[CallTrace]], Awaitable[None]]


class TraceQueue:
    """Belongs to the loop that adds to it; `dropped` is told how many were lost."""

    def __init__(
        self,
        write: Write,
        dropped: Callable[[int], None],
        *,
        gather_seconds: float = GATHER_SECONDS,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._write = write
        self._dropped = dropped
        self._gather_seconds = gather_seconds
        self._waiting_max = waiting_max
        self._waiting: list[CallTrace] = []
        self._hurry = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._added = self._done = 0
        self._progress = asyncio.Event()

    def add(self, trace: CallTrace) -> None:
        """Queue a trace; it is written in a moment, or dropped if too many wait."""
        if len(self._waiting) >= self._waiting_max:
            self._dropped(1)
            return
        self._waiting.append(trace)
        self._added += 1
        if self._working is None:
            self._working = asyncio.create_task(self._work())

    async def flush(self) -> None:
        """Write what waits now, and wait for that; what comes meanwhile is not waited for."""
        wanted = self._added
        if self._waiting:
            self._hurry.set()
        while self._done < wanted:
            await self._progress.wait()

    async def flush_briefly(self, seconds: float = BRIEF_SECONDS) -> None:
        """Do the same for a reader, who is answered without what is not written by then."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.flush()

    async def close(self, seconds: float) -> None:
        """Write what waits, for so long; what is left then is dropped, for a process must end."""
        try:
            async with asyncio.timeout(seconds):
                await self.flush()
        except TimeoutError:
            lost, self._waiting = len(self._waiting), []
            self._dropped(lost)
            self._count(lost)
            _log.warning("traces were dropped at the end", extra={"calls": lost})

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                await self._write_out(len(self._waiting))
        finally:
            self._working = None

    async def _write_out(self, due: int) -> None:
        """Write so many, fewer if the end drops some; what comes meanwhile gathers again."""
        while due > 0 and self._waiting:
            size = min(due, BATCH_MAX)
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
            await self._try(batch)
            due -= size
            self._count(len(batch))

    def _count(self, done: int) -> None:
        """Tell whoever waits that so many are written, or lost."""
        self._done += done
        progress, self._progress = self._progress, asyncio.Event()
        progress.set()

    async def _gather(self) -> None:
        try:
            async with asyncio.timeout(self._gather_seconds):
                await self._hurry.wait()
        except TimeoutError:
            pass
        finally:
            self._hurry.clear()

    async def _try(self, batch: Sequence[CallTrace]) -> None:
        """Write a batch once: whatever it fails with, no call and no later batch is to suffer."""
        try:
            await self._write(batch)
        except Exception as error:  # noqa: BLE001  # counted and logged; a trace is worth no more
            self._dropped(len(batch))
            _log.warning("traces were dropped", extra={"error": repr(error), "calls": len(batch)})
