"""Following a choice through a stream, whether its events tell what is new or all there is.

cumulative     each event repeats the whole text so far: what is new is what it grew by
incremental    each event is what is new
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from adapters.protocols.canonical.answer import MalformedAnswerError
from adapters.protocols.dashscope.answer import calls_in, finished, message_in, text_of

Kind = Literal["reasoning_content", "content", "arguments"]
_CUT: Final = "\ufffd"
"""What a provider puts for half of a character, until the other half is there."""


@dataclass(slots=True)
class Growing:
    """A text that grows."""

    incremental: bool | None
    """None: all there is, until an event shows that this is not so."""
    text: str = ""

    def grow(self, told: str, *, last: bool) -> str:
        """Take what an event tells, and give what is new; raises MalformedAnswerError."""
        if self.incremental:
            new = told
        else:
            whole = told if last else told.rstrip(_CUT)
            new = self._beyond(whole, told)
        self.text += new
        return new

    def _beyond(self, whole: str, told: str) -> str:
        if whole.startswith(self.text):
            return whole[len(self.text) :]
        if not whole or self.text.startswith(whole):
            return ""  # an event about something else leaves it out, or half of it
        if self.incremental is None:
            self.incremental = True
            return told
        raise MalformedAnswerError


@dataclass(slots=True)
class Called:
    """A call of a tool, as far as it is known."""

    arguments: Growing
    id: str = ""
    name: str = ""

    def follow(self, call: Mapping[str, Any]) -> None:
        """Take what an event says about which tool it is."""
        function = cast("dict[str, Any]", call.get("function") or {})
        self.id = self.id or text_of(call.get("id"))
        name = text_of(function.get("name"))
        if self.arguments.incremental is True:
            # A name told again is the same name, not its other half.
            self.name += "" if name == self.name else name
        else:
            self.name = name or self.name


@dataclass(frozen=True, slots=True)
class Piece:
    """Something new: of the thoughts, of what is said, or of the call of this number."""

    kind: Kind
    text: str
    call: int = 0


class Choice:
    """Everything that one choice has said."""

    def __init__(self, *, incremental: bool | None) -> None:
        self._incremental = incremental
        self._texts: dict[Kind, Growing] = {
            "reasoning_content": Growing(incremental),
            "content": Growing(incremental),
        }
        self.calls: dict[int, Called] = {}
        self.finish: str | None = None

    def follow(self, choice: Mapping[str, Any]) -> Iterator[Piece]:
        """Take an event's choice, and give what is new; raises MalformedAnswerError."""
        self.finish = finished(choice) or self.finish
        last = self.finish is not None
        message = message_in(choice)
        for kind, growing in self._texts.items():
            if new := growing.grow(text_of(message.get(kind)), last=last):
                yield Piece(kind, new)
        for place, call in enumerate(calls_in(message)):
            number = _number(call, place)
            called = self.calls.setdefault(number, Called(Growing(self._incremental)))
            called.follow(call)
            function = cast("dict[str, Any]", call.get("function") or {})
            new = called.arguments.grow(text_of(function.get("arguments")), last=last)
            yield Piece("arguments", new, number)

    @property
    def said(self) -> Iterator[str]:
        """Walk what the model produced as tokens."""
        yield from (growing.text for growing in self._texts.values() if growing.text)
        yield from (call.name + call.arguments.text for call in self.calls.values())


def _number(call: Mapping[str, Any], place: int) -> int:
    number = call.get("index")
    if number is None:
        return place
    if type(number) is not int or number < 0:
        raise MalformedAnswerError
    return number
