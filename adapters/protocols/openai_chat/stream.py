"""Reading a chat stream while it passes: its bytes are relayed, not rebuilt."""

import re
from typing import Any, cast

import orjson

from adapters.protocols.openai_chat.text import ProducedText, dicts
from adapters.protocols.openai_chat.usage import read_usage
from domain.metering import Produced, Report

DONE = b"data: [DONE]\n\n"

_TELLING = re.compile(rb'"usage"\s*:\s*\{|\[DONE\]|"error"\s*:|"finish_reason"\s*:\s*"')
"""Whatever has none of these is passed on unread; inside a JSON text the quotes are escaped."""

EVENT_BYTES_MAX = 16 * 1024 * 1024
"""An event that grows beyond this is no event."""


class StreamBrokenError(Exception):
    """The stream reported an error or stopped making sense; `reported` is its error, if any."""


class ChatStream:
    """Splits an upstream's bytes into what goes on at once and what waits for the charge.

    What waits is the usage chunk, which the caller gets only if he asked, and the end mark.
    """

    def __init__(self, *, wants_usage: bool, choices: int = 1) -> None:
        self._wants_usage = wants_usage
        self._unfinished = set(range(choices))
        self._rest = b""
        self._usage: object = None
        self._text = ProducedText()
        self.usage_event = b""
        self.done = False

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return read_usage(self._usage)

    @property
    def produced(self) -> Produced:
        """The text produced so far."""
        return self._text.produced()

    @property
    def complete(self) -> bool:
        """Whether the answer is whole: ended by its mark, or by a reason to finish each choice."""
        return self.done or not self._unfinished

    def feed(self, data: bytes) -> bytes:
        """Take bytes as they came and give what can go on; raises StreamBrokenError."""
        data = self._rest + data if self._rest else data
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        end = data.rfind(b"\n\n") + 2
        if end == 1:
            if len(data) > EVENT_BYTES_MAX:
                raise StreamBrokenError
            self._rest = data
            return b""
        events, self._rest = data[:end], data[end:]
        if _TELLING.search(events) is None:
            self._text.add(events)
            return events
        return b"".join(map(self._read, _split(events)))

    def _read(self, event: bytes) -> bytes:
        """Look into one event; what is withheld comes back empty."""
        if self.done or _TELLING.search(event) is None:
            return self._passed(event)
        payload = event.partition(b"data:")[2].strip()
        if payload == b"[DONE]":
            self.done = True
            return b""
        try:
            chunk: Any = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise StreamBrokenError from error
        return self._read_chunk(event, chunk)

    def _read_chunk(self, event: bytes, chunk: object) -> bytes:
        if not isinstance(chunk, dict):
            raise StreamBrokenError
        fields = cast("dict[str, Any]", chunk)
        if fields.get("error"):
            raise StreamBrokenError
        choices = dicts(fields, "choices")
        for position, choice in enumerate(choices):
            if choice.get("finish_reason"):
                self._unfinished.discard(choice.get("index", position))
        if isinstance(fields.get("usage"), dict):
            self._usage = fields["usage"]
            if not choices:
                self.usage_event = event if self._wants_usage else b""
                return b""
        return self._passed(event)

    def _passed(self, event: bytes) -> bytes:
        self._text.add(event)
        return event


def _split(events: bytes) -> list[bytes]:
    return [event + b"\n\n" for event in events.split(b"\n\n")[:-1]]
