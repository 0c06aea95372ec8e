"""Reading a chat stream while it passes: its bytes are relayed, not rebuilt."""

import re
from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from adapters.protocols.openai_chat.text import ProducedText, dicts, parsed
from adapters.protocols.openai_chat.usage import read_usage
from domain.metering import Produced, Report

DONE = b"data: [DONE]\n\n"

_NOT_RELAYED = re.compile(rb"(?m)^(?:id|retry):.*\n")
"""OpenAI's SDK stumbles over an SSE id, and nobody needs a retry time (wire-facts §1.0)."""

_TELLING = re.compile(rb'"usage"\s*:\s*\{|\[DONE\]|"error"\s*:|"finish_reason"\s*:\s*"')
"""Whatever has none of these is passed on unread; inside a JSON text the quotes are escaped."""

_FRAME = ("id", "created", "model", "system_fingerprint")
"""What every chunk of a stream says alike."""

NO_FRAME: Final = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
"""What a chunk of ours says where the stream's own said less."""

EVENT_BYTES_MAX = 16 * 1024 * 1024
"""An event that grows beyond this is no event."""


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
        self.broken = False
        self.frame: dict[str, Any] = {}

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
        """Take bytes as they came and give what can go on; look at `done` and `broken` after it."""
        data = self._rest + data if self._rest else data
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        end = data.rfind(b"\n\n") + 2
        if end == 1:
            self._rest, self.broken = data, len(data) > EVENT_BYTES_MAX
            return b""
        events, self._rest = data[:end], data[end:]
        if b"id:" in events or b"retry:" in events:
            events = _NOT_RELAYED.sub(b"", events)
        if _TELLING.search(events) is None:
            return self._passed(events)
        return b"".join(map(self._read, _split(events)))

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give the usage chunk if the caller asked for one, the gateway's metadata, the end mark.

        A bare metadata record breaks clients, so it rides on the usage chunk, or on a legal chunk
        without choices that says what every chunk of this stream says (wire-facts §1.0).
        """
        if metadata is None:
            return self.usage_event + DONE
        usage = {"usage": self._usage} if self._wants_usage and self._usage else {}
        chunk: dict[str, Any] = {
            **NO_FRAME,
            **self.frame,
            **usage,
            "choices": [],
            "metadata": metadata,
        }
        return b"data: " + orjson.dumps(chunk) + b"\n\n" + DONE

    def _read(self, event: bytes) -> bytes:
        """Look into one event; what is withheld comes back empty, and so does all after the end."""
        if self.done or self.broken:
            return b""
        if _TELLING.search(event) is None:
            return self._passed(event)
        payload = event.partition(b"data:")[2].strip()
        if payload == b"[DONE]":
            self.done = True
            return b""
        chunk = parsed(payload)
        fields = cast("dict[str, Any]", chunk) if isinstance(chunk, dict) else {"error": "none"}
        if fields.get("error"):
            self.broken = True
            return b""
        return self._read_chunk(event, fields)

    def _read_chunk(self, event: bytes, chunk: dict[str, Any]) -> bytes:
        self.frame = {name: chunk[name] for name in _FRAME if name in chunk}
        choices = dicts(chunk, "choices")
        for position, choice in enumerate(choices):
            index = choice.get("index", position)
            if choice.get("finish_reason") and isinstance(index, int):
                self._unfinished.discard(index)
        if isinstance(chunk.get("usage"), dict):
            self._usage = chunk["usage"]
            if not choices:
                self.usage_event = event if self._wants_usage else b""
                return b""
        return self._passed(event)

    def _passed(self, event: bytes) -> bytes:
        self._text.add(event)
        return event


def _split(events: bytes) -> list[bytes]:
    return [event + b"\n\n" for event in events.split(b"\n\n")[:-1]]
