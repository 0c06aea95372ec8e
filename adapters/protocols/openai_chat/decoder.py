"""Reading an upstream's chat stream into canonical events."""

from typing import Any, cast

from adapters.protocols.canonical.events import Event
from adapters.protocols.openai_chat.deltas import Deltas, NonsenseError
from adapters.protocols.openai_chat.text import dicts, parsed
from adapters.protocols.openai_chat.usage import read_usage
from adapters.protocols.sse import EndlessEventError, EventSplitter, ServerSentEvent, is_failure
from domain.metering import Report


class ChatDecoder:
    """Follows a stream of one choice."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._deltas = Deltas()
        self._usage: object = None
        self._told: dict[str, Any] = {}
        self._begun = False
        self.done = False
        self.broken = False

    @property
    def complete(self) -> bool:
        """Whether the answer is whole: a reason to finish has come, or the end mark."""
        return not self.broken and self._deltas.stopped

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return read_usage(self._usage, self._told)

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they came; events before a fault are still given."""
        events: list[Event] = []
        try:
            for event in self._splitter.feed(data):
                if self.done:
                    break
                events += self._read(event)
        except (EndlessEventError, NonsenseError):
            self.broken = True
        return events

    def _read(self, event: ServerSentEvent) -> list[Event]:
        if self.broken:
            return []
        if event.data.strip() == b"[DONE]":
            return self._finish()
        chunk = parsed(event.data)
        if not isinstance(chunk, dict) or is_failure(event.name, cast("dict[str, Any]", chunk)):
            raise NonsenseError
        return self._read_chunk(cast("dict[str, Any]", chunk))

    def _finish(self) -> list[Event]:
        if not self._begun:
            raise NonsenseError
        self.done = True
        return self._deltas.close()

    def _read_chunk(self, chunk: dict[str, Any]) -> list[Event]:
        if isinstance(chunk.get("usage"), dict):
            self._usage = chunk["usage"]
        if "service_tier" in chunk:
            self._told = {"service_tier": chunk["service_tier"]}
        events: list[Event] = []
        for choice in dicts(chunk, "choices"):
            self._begun = True
            events += self._deltas.take(choice)
        return events
