"""The event log as NDJSON: a header, one event a line with its very bytes, and a trailer.

    {"format":"tollbook-events","version":1}
    {"position":1,"originator_id":"…","originator_version":1,"topic":"…","state":"{…}"}
    {"events":1,"position":1,"sha256":"of all the bytes before this line"}

A state is UTF-8 and written as the text that it is; one that is not is `state_base64` instead.
"""

from base64 import b64decode, b64encode
from contextlib import suppress
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

FORMAT: Final = "tollbook-events"
VERSION: Final = 1
HEADER: Final = orjson.dumps({"format": FORMAT, "version": VERSION}) + b"\n"

_NUMBER_MAX: Final = 2**63 - 1


class LogRow(NamedTuple):
    """An event as it is stored."""

    position: int
    originator_id: UUID
    originator_version: int
    topic: str
    state: bytes


class Trailer(NamedTuple):
    """What the lines before it must come to."""

    events: int
    position: int
    """Of the last event, or 0."""
    sha256: str


class LineError(ValueError):
    """The line is none of this format."""


def event_line(row: LogRow) -> bytes:
    """Write an event."""
    fields: dict[str, Any] = {
        "position": row.position,
        "originator_id": str(row.originator_id),
        "originator_version": row.originator_version,
        "topic": row.topic,
    }
    try:
        fields["state"] = row.state.decode()
    except UnicodeDecodeError:
        fields["state_base64"] = b64encode(row.state).decode()
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def trailer_line(trailer: Trailer) -> bytes:
    """Write the trailer."""
    return orjson.dumps(trailer._asdict(), option=orjson.OPT_APPEND_NEWLINE)


def read_line(line: bytes) -> LogRow | Trailer:
    """Read any line after the header, or raise LineError."""
    if not line.endswith(b"\n"):
        raise LineError("it is cut off")
    try:
        fields: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise LineError("it is not JSON") from None
    match fields:
        case {
            "position": int(position),
            "originator_id": str(originator_id),
            "originator_version": int(version),
            "topic": str(topic),
            **state,
        } if len(state) == 1:
            held = _state(state)
            return LogRow(_number(position), _uuid(originator_id), _number(version), topic, held)
        case {"events": int(events), "position": int(position), "sha256": str(sha256)}:
            return Trailer(events, position, sha256)
        case _:
            raise LineError("it is neither an event nor a trailer")


def _number(value: int) -> int:
    if not 0 < value <= _NUMBER_MAX or value is True:
        message = f"{value} is no position and no version"
        raise LineError(message)
    return value


def _uuid(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError:
        found = None
    if found is None or str(found) != text:
        message = f"{text[:60]!r} is no originator"
        raise LineError(message)
    return found


def _state(fields: dict[Any, Any]) -> bytes:
    with suppress(ValueError):
        match fields:
            case {"state": str(text)}:
                return text.encode()
            case {"state_base64": str(text)}:
                return b64decode(text, validate=True)
            case _:
                pass
    raise LineError("it has no state that can be read")
