"""Reading Anthropic's events into canonical ones."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import orjson

from adapters.protocols.anthropic.answer import block_in, text_in
from adapters.protocols.anthropic.foreign import ANTHROPIC
from adapters.protocols.anthropic.stops import stop_of
from adapters.protocols.anthropic.stream_usage import StreamUsage
from adapters.protocols.canonical.answer import AnswerBlock, MalformedAnswerError
from adapters.protocols.canonical.blocks import Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from adapters.protocols.counters import within
from adapters.protocols.sse import EndlessEventError, EventSplitter
from domain.metering import Report

_GROWS: Final[Mapping[type[AnswerBlock], tuple[str, str]]] = {
    Text: ("text_delta", "text"),
    Thinking: ("thinking_delta", "thinking"),
    ToolUse: ("input_json_delta", "partial_json"),
}
"""By which delta a block goes on, and in which of its fields."""


class MessagesDecoder:
    """Follows a stream block by block; what is out of order breaks it."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._usage = StreamUsage()
        self._block: AnswerBlock | None = None
        self._index: object = None
        self._blocks = 0
        self._unsaid = ""
        self.complete = False
        self.done = False
        self.broken = False

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return self._usage.report

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they came; events before a fault are still given."""
        events: list[Event] = []
        if self.broken:
            return events
        try:
            for event in self._splitter.feed(data):
                if self.done:
                    break
                self._read(event.data, events)
        except (EndlessEventError, MalformedAnswerError, orjson.JSONDecodeError):
            self.broken = True
        return events

    def _read(self, data: bytes, events: list[Event]) -> None:
        fields: object = orjson.loads(data)
        kind = within(fields, "type")
        read = _READERS.get(kind) if isinstance(kind, str) else None
        if read is None:
            return  # a ping, or something yet to be invented
        if self._usage.begun == (kind == "message_start"):
            raise MalformedAnswerError
        events += read(self, fields)

    def start(self, fields: object) -> list[Event]:
        """Begin the message; it tells the input's usage."""
        self._usage.begin(fields)
        return []

    def begin(self, fields: object) -> list[Event]:
        """Begin a block; a call's input is said by deltas, or else stands here."""
        if self._block is not None or self.complete:
            raise MalformedAnswerError
        block = block_in(within(fields, "content_block"))
        self._unsaid = ""
        if isinstance(block, ToolUse):
            self._unsaid, block = block.arguments, replace(block, arguments="")
        self._block, self._index = block, within(fields, "index")
        self._blocks += 1
        return [Began(self._blocks - 1, block)]

    def grow(self, fields: object) -> list[Event]:
        """Go on with the open block."""
        block = self._opened(fields)
        kind = within(fields, "delta", "type")
        if kind == "citations_delta":
            return []  # refused when asked for, and of no price
        if kind == "signature_delta" and isinstance(block, Thinking):
            signature = text_in(fields, "delta", "signature")
            return [Signed(self._blocks - 1, signature, ANTHROPIC)]
        expected, field = _GROWS.get(type(block), ("", ""))
        if kind != expected:
            raise MalformedAnswerError
        text = text_in(fields, "delta", field)
        if text:
            self._unsaid = ""
        return [Grew(self._blocks - 1, text)] if text else []

    def end(self, fields: object) -> list[Event]:
        """End the open block."""
        self._opened(fields)
        self._block = None
        index = self._blocks - 1
        return [*([Grew(index, self._unsaid)] if self._unsaid else []), Ended(index)]

    def delta(self, fields: object) -> list[Event]:
        """Take the usage as it is now, and why the answer stopped."""
        self._usage.go_on(fields)
        reason = within(fields, "delta", "stop_reason")
        if reason is None or self.complete:
            return []
        stop = stop_of(reason)
        if stop is None or self._block is not None:
            raise MalformedAnswerError
        self.complete = True
        sequence = text_in(fields, "delta", "stop_sequence", optional=True)
        why = text_in(fields, "delta", "stop_details", "explanation", optional=True)
        return [Stopped(stop, sequence or None, why or None)]

    def stop(self, fields: object) -> list[Event]:
        """End the stream."""
        if not self.complete:
            raise MalformedAnswerError
        self.done = True
        return []

    def fail(self, fields: object) -> list[Event]:
        """Hear of an error of the upstream's."""
        raise MalformedAnswerError

    def _opened(self, fields: object) -> AnswerBlock:
        if self._block is None or within(fields, "index") != self._index:
            raise MalformedAnswerError
        return self._block


_READERS: Final[Mapping[str, Callable[[MessagesDecoder, object], list[Event]]]] = {
    "content_block_delta": MessagesDecoder.grow,
    "content_block_start": MessagesDecoder.begin,
    "content_block_stop": MessagesDecoder.end,
    "message_start": MessagesDecoder.start,
    "message_delta": MessagesDecoder.delta,
    "message_stop": MessagesDecoder.stop,
    "error": MessagesDecoder.fail,
}
