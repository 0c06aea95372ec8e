"""A queue that no call waits for: contents gather in it, are written in batches, or are dropped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from adapters.call_contents.content import Content

BATCH_MAX: Final = 50
WAITING_BYTES_MAX: Final = 64 * 1024 * 1024
"""Beyond this much new ones are dropped."""

_log = logging.getLogger("tollbook.contents")

Write = Callable[[Sequence[Content]], Awaitable[None]]


class ContentQueue:
    """Belongs to the loop that adds to it."""

    def __init__(self, write: Write, *, waiting_bytes_max: int = WAITING_BYTES_MAX) -> None:
        self._write = write
        self._waiting: list[Content] = []
        self._bytes = 0
        self._bytes_max = waiting_bytes_max
        self._working: asyncio.Task[None] | None = None

    def add(self, content: Content) -> None:
        """Queue a call's content; it is written in a moment, or dropped if too much waits."""
        if self._bytes + content.size > self._bytes_max:
            _log.warning("a call's content was dropped", extra={"reason": "too much waits"})
            return
        self._waiting.append(content)
        self._bytes += content.size
        if self._working is None:
            self._working = asyncio.create_task(self._work())

    async def flush(self) -> None:
        """Write what waits, and wait for that."""
        while self._working is not None:
            await asyncio.shield(self._working)

    async def close(self, seconds: float) -> None:
        """Write what waits, for so long; what is left then is dropped, for a process must end."""
        try:
            async with asyncio.timeout(seconds):
                await self.flush()
        except TimeoutError:
            lost, self._waiting = len(self._waiting), []
            _log.warning("contents of calls were dropped at the end", extra={"calls": lost})

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                await self._try(batch)
                self._bytes -= sum(content.size for content in batch)
        finally:
            self._working = None

    async def _try(self, batch: Sequence[Content]) -> None:
        """Write a batch once: whatever it fails with, no call and no later batch is to suffer."""
        try:
            await self._write(batch)
        except Exception as error:  # noqa: BLE001  # logged; a content is worth no more
            facts = {"error": repr(error), "calls": len(batch)}
            _log.warning("contents of calls were dropped", extra=facts)
