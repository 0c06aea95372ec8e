"""Reading a stream of Responses into canonical events (wire-facts §1.7)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import orjson

from adapters.protocols.canonical.answer import MalformedAnswerError
from adapters.protocols.canonical.events import Event, Stopped
from adapters.protocols.openai_responses.answer import stop_of
from adapters.protocols.openai_responses.streamed_items import StreamedItems
from adapters.protocols.openai_responses.usage import read_usage
from adapters.protocols.sse import EndlessEventError, EventSplitter
from domain.metering import Report

ENDS: Final = frozenset({"response.completed", "response.incomplete"})
FAILURES: Final = frozenset({"response.failed", "response.cancelled", "error"})
NONSENSE: Final = (
    MalformedAnswerError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError,
)  # fmt: skip


class ResponsesDecoder:
    """Reads up to the event that holds the whole response."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._items = StreamedItems()
        self.done = False
        self.broken = False
        self.report = Report()

    @property
    def complete(self) -> bool:
        """Whether the answer is whole."""
        return self.done

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they came; events before a fault are still given."""
        found: list[Event] = []
        try:
            for event in self._splitter.feed(data):
                if self.done or self.broken:
                    break
                if event.data != b"[DONE]":
                    found.extend(self._read(orjson.loads(event.data)))
        except (EndlessEventError, *NONSENSE):
            self.broken = True
        return found

    def _read(self, event: Mapping[str, Any]) -> Iterator[Event]:
        kind = event["type"]
        if kind in FAILURES:
            self.broken = True
            self._count(event.get("response"))
        elif kind in ENDS:
            yield from self._end(event["response"])
        else:
            yield from self._items.read(event)

    def _end(self, response: Mapping[str, Any]) -> Iterator[Event]:
        yield from self._items.end(response.get("output") or [])
        self._count(response)
        yield Stopped(stop_of(response, called=self._items.called))
        self.done = True

    def _count(self, response: object) -> None:
        if isinstance(response, dict):
            fields = cast("dict[str, Any]", response)
            self.report = read_usage(fields.get("usage"), fields)
