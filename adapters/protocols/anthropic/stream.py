"""Reading a stream of messages while it passes: its bytes are relayed, not rebuilt."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.protocols.anthropic.encoder import MESSAGE_STOP
from adapters.protocols.anthropic.produced import said_in_event
from adapters.protocols.anthropic.stream_usage import StreamUsage
from adapters.protocols.counters import within
from adapters.protocols.produced_text import ProducedText
from adapters.protocols.sse import EndlessEventError, RawEventSplitter, is_failure, parse
from domain.metering import Produced, Report

_CONTENT: Final = frozenset({"content_block_start", "message_delta"})


class MessagesStream:
    """Splits an upstream's bytes into what goes on at once and what waits for the charge.

    What waits is the end mark; what comes before the first block is kept back until then, because
    an upstream that fails so early can be left for another.
    """

    def __init__(self) -> None:
        self._splitter = RawEventSplitter()
        self._early: list[bytes] = []
        self._begun = False
        self._usage = StreamUsage()
        self._text = ProducedText(said_in_event)
        self._end = b""
        self._stopped = False
        self.done = False
        self.broken = False

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return self._usage.report

    @property
    def produced(self) -> Produced:
        """The text produced so far."""
        return self._text.produced()

    @property
    def complete(self) -> bool:
        """Whether the answer is whole: ended by its mark, or by a reason to stop."""
        return self.done or self._stopped

    def feed(self, data: bytes) -> bytes:
        """Take bytes as they came and give what can go on; look at `done` and `broken` after it."""
        passed = bytearray()
        try:
            for event in self._splitter.feed(data):
                passed += self._read(event)
        except EndlessEventError:
            self.broken = True
        return bytes(passed)

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give the end mark; messages have no place for the gateway's metadata."""
        return self._end or MESSAGE_STOP

    def _read(self, text: bytes) -> bytes:
        """Look into one event; what is withheld comes back empty, and so does all after the end."""
        if self.done or self.broken:
            return b""
        event = parse(text)
        if event is None:
            return self._passed(text)
        fields = event.fields()
        if fields is None or is_failure(event.name, fields):
            self.broken = True
            return b""
        kind = fields.get("type")
        if kind == "message_stop" and self._stopped:
            self.done, self._end = True, text
            return b""
        self.broken = not self._follow(kind, fields)
        if self.broken:
            return b""
        self._begun |= kind in _CONTENT
        self._text.add(text)
        return self._passed(text)

    def _follow(self, kind: object, fields: Mapping[str, Any]) -> bool:
        """Take what an event tells; False if it has no place here."""
        match kind:
            case "message_start":
                self._usage.begin(fields)
            case "message_delta" if self._usage.begun:
                self._usage.go_on(fields)
                self._stopped |= within(fields, "delta", "stop_reason") is not None
            case "message_delta" | "message_stop" | "error":
                return False
            case _:
                return isinstance(kind, str)
        return True

    def _passed(self, text: bytes) -> bytes:
        """Give it with what was kept back, or keep it back, too."""
        self._early.append(text)
        if not self._begun:
            return b""
        early, self._early = self._early, []
        return b"".join(early)
