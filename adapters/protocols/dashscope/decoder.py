"""A DashScope stream as canonical events."""

from collections.abc import Mapping
from typing import Any

from adapters.protocols.canonical.answer import AnswerBlock, MalformedAnswerError
from adapters.protocols.canonical.blocks import Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Stopped
from adapters.protocols.dashscope.answer import (
    choices_in,
    index_of,
    new_call_id,
    object_in,
    stop_of,
)
from adapters.protocols.dashscope.following import Choice, Piece
from adapters.protocols.dashscope.usage import read_usage
from adapters.protocols.sse import EndlessEventError, EventSplitter, ServerSentEvent
from domain.metering import Report

DONE_MARK = b"[DONE]"
"""Not DashScope's, but some who imitate it send it."""


class Decoder:
    """Reads one choice; the event with its reason to finish is the stream's end mark."""

    def __init__(self, *, incremental: bool = True) -> None:
        self._splitter = EventSplitter()
        self._choice = Choice(incremental=incremental)
        self._blocks = _Blocks()
        self._usage: object = None
        self.broken = False
        self.complete = False

    @property
    def report(self) -> Report:
        """The usage reported so far: every event repeats it, so the last is all there is."""
        return read_usage(self._usage)

    @property
    def done(self) -> bool:
        """Whether nothing that matters can follow: the answer is whole, and so is its usage."""
        return self.complete and self.report.usage is not None

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they came; events before a fault are still given."""
        found: list[Event] = []
        try:
            for event in self._splitter.feed(data):
                if not (self.broken or self.done):
                    self._read(event, found)
        except (EndlessEventError, MalformedAnswerError):
            self.broken = True
        return found

    def _read(self, event: ServerSentEvent, found: list[Event]) -> None:
        if event.name == "error":
            raise MalformedAnswerError
        if event.data.strip() == DONE_MARK:
            return
        fields = object_in(event.data)
        self._usage = fields.get("usage") or self._usage
        for choice in choices_in(fields):
            if index_of(choice):
                raise MalformedAnswerError
            if not self.complete:
                self._follow(choice, found)

    def _follow(self, choice: Mapping[str, Any], found: list[Event]) -> None:
        for piece in self._choice.follow(choice):
            found += self._blocks.take(piece, self._choice)
        if finish := self._choice.finish:
            found += self._blocks.finish(self._choice)
            found.append(Stopped(stop_of(finish, called=bool(self._choice.calls))))
            self.complete = True


class _Blocks:
    """Numbers the blocks; calls may interleave, what is thought and said may not."""

    def __init__(self) -> None:
        self._count = 0
        self._speaking: tuple[str, int] | None = None
        self._called: dict[int, int] = {}

    def take(self, piece: Piece, choice: Choice) -> list[Event]:
        """Place what is new; a call begins when its arguments do, for its name is whole then."""
        if piece.kind == "arguments":
            return self._argue(piece, choice) if piece.text else []
        if self._speaking is not None and self._speaking[0] == piece.kind:
            return [Grew(self._speaking[1], piece.text)]
        ended = self._hush()
        block = Text(piece.text) if piece.kind == "content" else Thinking(piece.text)
        began = self._begin(block)
        self._speaking = (piece.kind, began.index)
        return [*ended, began]

    def finish(self, choice: Choice) -> list[Event]:
        """Begin the calls that have no arguments, and end what is open."""
        events = self._hush()
        for number in choice.calls:
            if number not in self._called:
                events += self._argue(Piece("arguments", "{}", number), choice)
        return [*events, *map(Ended, self._called.values())]

    def _argue(self, piece: Piece, choice: Choice) -> list[Event]:
        if piece.call in self._called:
            return [Grew(self._called[piece.call], piece.text)]
        called = choice.calls[piece.call]
        if not called.name:
            raise MalformedAnswerError
        ended = self._hush()
        began = self._begin(ToolUse(called.id or new_call_id(), called.name, ""))
        self._called[piece.call] = began.index
        return [*ended, began, Grew(began.index, piece.text)]

    def _begin(self, block: AnswerBlock) -> Began:
        self._count += 1
        return Began(self._count - 1, block)

    def _hush(self) -> list[Event]:
        if self._speaking is None:
            return []
        ended = Ended(self._speaking[1])
        self._speaking = None
        return [ended]
