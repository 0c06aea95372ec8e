"""A stream that is given again: the bytes that were sent before, ids in them included."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from adapters.answer_cache.postgres import Kept
from adapters.protocols.openai_chat.stream import DONE, ChatStream
from domain.metering import Produced, Report

SLICE: Final = 16 * 1024
"""Bytes that are given at once: whoever reads them keeps all other calls waiting."""


class KeptStream:
    """Relays what is kept, some at a time; what waited for the charge waits for it again."""

    report = Report()
    """What it comes to is kept beside it, and not read from it again."""
    produced = Produced(lambda: True, lambda: 0)

    def __init__(self, kept: Kept, *, tells_metadata: bool = False) -> None:
        self._kept = kept
        self._chat = ChatStream(wants_usage=kept.tail != DONE) if tells_metadata else None

    async def relay(self) -> AsyncIterator[bytes]:
        """Give what was relayed."""
        body = self._kept.body
        for start in range(0, len(body), SLICE):
            data = body[start : start + SLICE]
            if self._chat:
                self._chat.feed(data)
            yield data
            await asyncio.sleep(0)

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give what waited for the charge, once all was relayed; with metadata, it is a chat's."""
        if metadata is None:
            return self._kept.tail
        assert self._chat, "whoever tells metadata has said so"
        self._chat.feed(self._kept.tail)
        return self._chat.tail(metadata)

    def failure(self, message: str) -> bytes | None:
        """Give nothing: what is kept is whole."""
        return None

    async def close(self) -> None:
        """Do nothing: there is no connection."""
