"""Putting values back into an answer, whole or as a stream whose pieces cut placeholders in two.

An event that ends in what may be the beginning of a placeholder waits, with all that follows it,
until its text goes on or ends, or some dozens of others have come: so events keep their order and
number, a value stands where its placeholder began, and an event without placeholders leaves byte
for byte as it came.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

import orjson

from adapters.masking.answer_text import Json, Lane, Place, closed_by, places_in
from adapters.masking.placeholders import Placeholders, unfinished
from adapters.protocols.sse import RawEventSplitter, parse

_END: Final = "]"
HELD_MAX: Final = 64
"""So many events wait at most for a text to go on; then it was no placeholder."""


@dataclass(slots=True, eq=False)
class _Event:
    raw: bytes
    fields: Json | None = None
    waits: int = 0
    """How many of its texts may still go on."""
    before: dict[tuple[int, str | int], tuple[Place, Any]] = field(
        default_factory=dict[tuple[int, str | int], tuple[Place, Any]]
    )
    """What its texts were, where they were touched."""

    def put(self, place: Place, text: Any) -> None:
        if text != place.text:
            self.before.setdefault((id(place.fields), place.name), (place, place.text))
            place.fields[place.name] = text

    @property
    def changed(self) -> bool:
        return any(place.text != text for place, text in self.before.values())


class _Beginning:
    """The end of a text that may be the beginning of a placeholder, with the events it is in."""

    def __init__(self, number: int) -> None:
        self.number = number
        """Of the event that it began in."""
        self.text = ""
        self._pieces: list[tuple[_Event, Place, str]] = []

    def add(self, event: _Event, place: Place, piece: str) -> None:
        """Keep back the end of an event's text."""
        self.text += piece
        self._pieces.append((event, place, piece))
        event.put(place, place.text.removesuffix(piece))
        event.waits += 1

    def become(self, value: str) -> None:
        """Put a value where it began."""
        for number, (event, place, _) in enumerate(self._pieces):
            event.put(place, place.text + ("" if number else value))
            event.waits -= 1

    def stay(self) -> None:
        """Put every piece back: it was no placeholder."""
        for event, place, piece in self._pieces:
            event.put(place, place.text + piece)
            event.waits -= 1


@dataclass(slots=True)
class Restorer:
    """Undoes the masking of one prompt in its answer."""

    placeholders: Placeholders
    incremental: bool | None = None
    """How DashScope tells a stream: only what is new, or (None) as its events show."""
    answers_json: bool = False
    """Whether the answer's text was asked for as JSON, so that values are written as there."""
    _splitter: RawEventSplitter = field(default_factory=RawEventSplitter)
    _queue: deque[_Event] = field(default_factory=deque[_Event])
    _begun: dict[Lane, _Beginning] = field(default_factory=dict[Lane, _Beginning])
    _told: dict[Lane, str] = field(default_factory=dict[Lane, str])
    _taken: int = 0
    """How many events have come."""

    def whole(self, body: bytes) -> bytes:
        """Restore a JSON answer."""
        fields = _object(body)
        if fields is None:
            return body
        event = _Event(body, fields)
        for place in places_in(fields):
            event.put(place, self._whole(place))
        return (_written(fields) if event.changed else None) or body

    def part(self, data: bytes) -> bytes:
        """Restore the next bytes of a stream; what may go on later is kept until it does."""
        for raw in self._splitter.feed(data):
            self._take(raw)
        return b"".join(self._ready())

    def rest(self) -> bytes:
        """Give what is still kept: no text goes on after this, and no event is half there."""
        for lane in [*self._begun]:
            self._begun.pop(lane).stay()
        return b"".join(self._ready())

    def _take(self, raw: bytes) -> None:
        self._taken += 1
        for lane, begun in [*self._begun.items()]:
            if self._taken - begun.number > HELD_MAX:
                self._begun.pop(lane).stay()
        parsed = parse(raw)
        fields = _object(parsed.data) if parsed else None
        event = _Event(raw, fields)
        self._queue.append(event)
        if fields is None:
            return
        ended = [*closed_by(fields)]
        for place in places_in(fields):
            self._restore(event, place, last=place.lane[:1] in ended)
        for lane in [lane for lane in self._begun if lane[:1] in ended]:
            self._begun.pop(lane).stay()

    def _restore(self, event: _Event, place: Place, *, last: bool) -> None:
        text = place.text
        if place.form in {"whole", "data"}:
            event.put(place, self._whole(place))
        elif place.form == "growing" and self._repeats(event, place, text):
            shown = text if last else text[: unfinished(text)]
            event.put(place, self._restored(place, shown))
        else:
            self._go_on(event, place)

    def _repeats(self, event: _Event, place: Place, text: str) -> bool:
        """Whether an event tells the text from its beginning, and not only what is new."""
        before = self._told.pop(place.lane, "")
        if not self.incremental and (text.startswith(before) or before.startswith(text)):
            self._told[place.lane] = text or before  # an event may leave it out
            return True
        self.incremental = True
        # What was held back while it was not known is only told now.
        event.put(place, before[unfinished(before) :] + text)
        return False

    def _go_on(self, event: _Event, place: Place) -> None:
        """Restore a piece, beginning with what the piece before it left open."""
        text = place.text
        if (begun := self._begun.get(place.lane)) is not None:
            if unfinished(begun.text + text) == 0:
                begun.add(event, place, text)
                return
            del self._begun[place.lane]
            text = self._ended(begun, place, text)
        end = unfinished(text)
        event.put(place, self._restored(place, text[:end]) + text[end:])
        if end < len(text):
            begun = self._begun[place.lane] = _Beginning(self._taken)
            begun.add(event, place, text[end:])

    def _ended(self, begun: _Beginning, place: Place, text: str) -> str:
        """End a beginning, by a value if it was a placeholder; gives what is left of the piece."""
        name, found, left = (begun.text + text).partition(_END)
        value = self._restored(place, name + found)
        if found and value != name + found:
            begun.become(value)
            return left
        begun.stay()
        return text

    def _whole(self, place: Place) -> object:
        if place.form != "data":
            return self._restored(place, place.text)
        written = _written(place.fields[place.name])
        if written is None:
            return place.fields[place.name]
        return orjson.loads(self.placeholders.restored(written.decode(), _escaped))

    def _restored(self, place: Place, text: str) -> str:
        in_json = place.in_json or (self.answers_json and place.answers)
        return self.placeholders.restored(text, _escaped if in_json else str)

    def _ready(self) -> Iterator[bytes]:
        while self._queue and self._queue[0].waits == 0:
            event = self._queue.popleft()
            yield (_rewritten(event) if event.changed else None) or event.raw


def _object(data: bytes) -> Json | None:
    try:
        fields: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return cast("Json", fields) if isinstance(fields, dict) else None


def _escaped(value: str) -> str:
    """Write a value within a string of JSON."""
    return orjson.dumps(value)[1:-1].decode()


def _written(fields: Any) -> bytes | None:
    """Write an answer; None if it is nested deeper than can be written."""
    try:
        return orjson.dumps(fields)
    except orjson.JSONEncodeError:
        return None


def _rewritten(event: _Event) -> bytes | None:
    """Write an event with other data, and whatever else it says as it was."""
    data = _written(event.fields)
    lines = [line for line in event.raw.split(b"\n") if line and not line.startswith(b"data:")]
    return None if data is None else b"\n".join([*lines, b"data: " + data]) + b"\n\n"
