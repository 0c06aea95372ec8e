"""What a stream said, for counting it ourselves when nobody reports its usage."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from adapters.protocols.sse import parse
from adapters.token_count import count_tokens
from domain.metering import Produced

KEPT_BYTES_MAX: Final = 4 * 1024 * 1024
"""Beyond this a stream's events are only weighed, at four bytes a token."""


class ProducedText:
    """Keeps a stream's events as bytes; they are read again only if somebody must count."""

    def __init__(self, said_in: Callable[[dict[str, Any]], Iterable[str]]) -> None:
        """Take what finds the texts in an event's object, odd shapes left out."""
        self._said_in = said_in
        self._events: list[bytes] = []
        self._kept = 0
        self._beyond = 0

    def add(self, event: bytes) -> None:
        """Remember an event that was relayed."""
        if self._kept < KEPT_BYTES_MAX:
            self._events.append(event)
            self._kept += len(event)
        else:
            self._beyond += len(event)

    def produced(self) -> Produced:
        """Tell whether anything was said, and how to count it."""
        return Produced(lambda: any(self._texts()), self._count)

    def _count(self) -> int:
        return count_tokens("".join(self._texts())) + self._beyond // 4

    def _texts(self) -> Iterator[str]:
        for text in self._events:
            event = parse(text)
            fields = event.fields() if event is not None else None
            if fields is not None:
                yield from self._said_in(fields)
