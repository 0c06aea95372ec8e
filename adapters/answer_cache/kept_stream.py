"""A stream that is given again: the bytes that were sent before, ids in them included."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from adapters.answer_cache.postgres import Kept
from adapters.protocols.openai_chat.stream import DONE, ChatStream
from domain.metering import Produced, Report


class KeptStream:
    """Relays what is kept at once; what waited for the charge waits for it again."""

    report = Report()
    """What it comes to is kept beside it, and not read from it again."""
    produced = Produced(lambda: True, lambda: 0)

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def relay(self) -> AsyncIterator[bytes]:
        """Give what was relayed."""
        yield self._kept.body

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give what waited for the charge; only chat streams have a place for metadata."""
        kept = self._kept
        if metadata is None:
            return kept.tail
        stream = ChatStream(wants_usage=kept.tail != DONE)
        stream.feed(kept.body + kept.tail)
        return stream.tail(metadata)

    def failure(self, message: str) -> bytes | None:
        """Give nothing: what is kept is whole."""
        return None

    async def close(self) -> None:
        """Do nothing: there is no connection."""
