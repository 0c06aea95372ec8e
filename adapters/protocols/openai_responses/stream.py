"""Reading a stream of Responses while it passes: its bytes are relayed, not rebuilt."""

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from adapters.protocols.openai_responses.decoder import ENDS, FAILURES
from adapters.protocols.openai_responses.response import SERVER_ERROR
from adapters.protocols.openai_responses.text import said_in_event
from adapters.protocols.openai_responses.usage import read_usage
from adapters.protocols.produced_text import ProducedText
from adapters.protocols.sse import (
    EndlessEventError,
    RawEventSplitter,
    ServerSentEvent,
    is_failure,
    parse,
    without_ids,
)
from domain.metering import Produced, Report

_NUMBER_MAX: Final = 2**53
_BEGINNINGS: Final = frozenset({"response.created", "response.queued", "response.in_progress"})


class ResponsesStream:
    """Splits an upstream's bytes into what goes on at once and what waits.

    The first events only say that a response has begun: they wait for one that says more, so that
    a failure before it can still go elsewhere. The last one waits for the charge.
    """

    def __init__(self) -> None:
        self._splitter = RawEventSplitter()
        self._prelude = b""
        self._last = b""
        self._text = ProducedText(said_in_event)
        self._response: dict[str, Any] = {}
        self._number = 0
        self._said = False
        self.report = Report()
        self.done = False
        self.broken = False

    @property
    def complete(self) -> bool:
        """Whether the answer is whole: only the last event tells."""
        return self.done

    @property
    def produced(self) -> Produced:
        """The text produced so far."""
        return self._text.produced()

    def feed(self, data: bytes) -> bytes:
        """Take bytes as they came and give what can go on; look at `done` and `broken` after it."""
        passed = bytearray()
        try:
            for event in self._splitter.feed(data):
                passed += self._read(without_ids(event))
        except EndlessEventError:
            self.broken = True
        return bytes(passed)

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give the last event; this protocol has no place for metadata."""
        return self._last

    def failure(self, message: str) -> bytes:
        """Write the last event of a stream that broke off, as of the response that had begun."""
        ours = {"status": "failed", "error": {"code": SERVER_ERROR, "message": message}}
        event = {"type": "response.failed", "sequence_number": self._number + 1}
        try:
            data = orjson.dumps({**event, "response": {**self._response, **ours}})
        except orjson.JSONEncodeError:
            # What the upstream said is nested deeper than can be written.
            data = orjson.dumps({**event, "response": ours})
        return b"event: response.failed\ndata: %s\n\n" % data

    def _read(self, text: bytes) -> bytes:
        """Look into one event; what is withheld comes back empty, and so does all after the end."""
        if self.done or self.broken:
            return b""
        event = parse(text)
        if event is None:
            return self._begun() + text if self._said else b""
        if event.data.strip() == b"[DONE]":
            return b""
        return self._follow(text, event)

    def _follow(self, text: bytes, event: ServerSentEvent) -> bytes:
        fields = event.fields() or {}
        kind, response = fields.get("type"), fields.get("response")
        failed = not isinstance(kind, str) or kind in FAILURES or is_failure(event.name, fields)
        if failed or kind in ENDS:
            return self._end(text, response, failed=failed)
        number = fields.get("sequence_number")
        if isinstance(number, int) and 0 <= number < _NUMBER_MAX:
            self._number = number
        if kind in _BEGINNINGS:
            return self._begin(text, response)
        self._said = True
        if str(kind).endswith(".delta"):
            self._text.add(text)
        return self._begun() + text

    def _begin(self, text: bytes, response: object) -> bytes:
        self.broken = not isinstance(response, dict)
        if isinstance(response, dict):
            self._response = cast("dict[str, Any]", response)
            self._prelude += text
        return b""

    def _end(self, text: bytes, response: object, *, failed: bool) -> bytes:
        if isinstance(response, dict):
            named = cast("dict[str, Any]", response)
            self.report = read_usage(named.get("usage"), named)
        self.broken = failed or not isinstance(response, dict)
        self.done = not self.broken
        if self.broken:
            return b""
        self._last = text
        return self._begun()

    def _begun(self) -> bytes:
        prelude, self._prelude = self._prelude, b""
        return prelude
