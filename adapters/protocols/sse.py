"""Server-sent events: from bytes in any chunks to whole events."""

from dataclasses import dataclass

EVENT_BYTES_MAX = 16 * 1024 * 1024
"""An event that grows beyond this is no event."""


class EndlessEventError(Exception):
    """An event has no end."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event; `name` is empty where the stream names none."""

    name: str
    data: bytes


class EventSplitter:
    """Keeps what has not ended yet; comments, ids and events without data are left out."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Give the events that these bytes complete; raises EndlessEventError."""
        data = self._rest + data if self._rest else data
        # A lone CR at the end may be half of a line's end.
        data, held = (data[:-1], b"\r") if data.endswith(b"\r") else (data, b"")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        end = data.rfind(b"\n\n") + 2
        if end == 1:
            self._keep(data + held)
            return []
        self._keep(data[end:] + held)
        return [event for text in data[:end].split(b"\n\n") if (event := _parse(text)) is not None]

    def _keep(self, rest: bytes) -> None:
        if len(rest) > EVENT_BYTES_MAX:
            raise EndlessEventError
        self._rest = rest


def _parse(text: bytes) -> ServerSentEvent | None:
    name = ""
    data: list[bytes] = []
    for line in text.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ").decode(errors="replace")
    return ServerSentEvent(name, b"\n".join(data)) if data else None
