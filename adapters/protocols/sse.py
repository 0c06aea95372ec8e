"""Server-sent events: from bytes in any chunks to whole events."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson

EVENT_BYTES_MAX: Final = 16 * 1024 * 1024
"""An event that grows beyond this is no event."""

_NOT_RELAYED: Final = re.compile(rb"(?m)^(?:id|retry):.*\n")


class EndlessEventError(Exception):
    """An event has no end."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event; `name` is empty where the stream names none."""

    name: str
    data: bytes

    def fields(self) -> dict[str, Any] | None:
        """Read the data as a JSON object; None for anything else.

        Relayed bytes are not rebuilt, so this is all that keeps nonsense from a caller's SDK.
        """
        try:
            fields: object = orjson.loads(self.data)
        except orjson.JSONDecodeError:
            return None
        return cast("dict[str, Any]", fields) if isinstance(fields, dict) else None


class RawEventSplitter:
    """Cuts a stream into events as they came, comments among them; lines end by a plain LF."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give the events that these bytes complete; raises EndlessEventError after them.

        To be used up or given up: what is not taken of one feed is not given by the next.
        """
        ended = self._take(data)
        for event in ended.split(b"\n\n")[:-1]:
            if len(event) > EVENT_BYTES_MAX:
                raise EndlessEventError
            yield event + b"\n\n"
        if len(self._rest) > EVENT_BYTES_MAX:
            self._rest.clear()
            raise EndlessEventError

    def _take(self, data: bytes) -> bytes:
        """Keep what has not ended yet, and look through none of it twice."""
        data = self._held + data
        # A lone CR at the end may be half of a line's end.
        data, self._held = (data[:-1], b"\r") if data.endswith(b"\r") else (data, b"")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        searched = max(0, len(self._rest) - 1)
        self._rest += data
        end = self._rest.rfind(b"\n\n", searched) + 2
        if end == 1:
            return b""
        ended = bytes(self._rest[:end])
        del self._rest[:end]
        return ended


class EventSplitter:
    """Cuts a stream into what its events say; those without data are left out."""

    def __init__(self) -> None:
        self._splitter = RawEventSplitter()

    def feed(self, data: bytes) -> Iterator[ServerSentEvent]:
        """Give the events that these bytes complete; raises EndlessEventError after them."""
        return filter(None, map(parse, self._splitter.feed(data)))


def parse(text: bytes) -> ServerSentEvent | None:
    """Read an event; None for a comment, or anything else without data."""
    name = ""
    data: list[bytes] = []
    for line in text.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ").decode(errors="replace")
    return ServerSentEvent(name, b"\n".join(data)) if data else None


def without_ids(text: bytes) -> bytes:
    """Take an event's id and retry time away.

    OpenAI's SDK stumbles over an id, and nobody needs a retry time (wire-facts §1.0).
    """
    return _NOT_RELAYED.sub(b"", text) if b"id:" in text or b"retry:" in text else text


def is_failure(name: str, fields: Mapping[str, Any]) -> bool:
    """Tell whether an event says that the server failed.

    Servers of every protocol say so in any of these ways, whatever their protocol has for it.
    """
    return name.strip() == "error" or fields.get("object") == "error" or bool(fields.get("error"))
