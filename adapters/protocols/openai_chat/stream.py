"""Reading a chat stream while it passes: its bytes are relayed, not rebuilt."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from adapters.protocols.openai_chat.deltas import FAILURES
from adapters.protocols.openai_chat.text import dicts, said_in_chunk
from adapters.protocols.openai_chat.usage import read_usage
from adapters.protocols.produced_text import ProducedText
from adapters.protocols.sse import (
    EndlessEventError,
    RawEventSplitter,
    ServerSentEvent,
    is_failure,
    parse,
    without_ids,
)
from domain.metering import Produced, Report

DONE = b"data: [DONE]\n\n"

_FRAME = ("id", "created", "model", "system_fingerprint")
"""What every chunk of a stream says alike."""

NO_FRAME: Final = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
"""What a chunk of ours says where the stream's own said less."""

_GAVE_UP: Final = FAILURES - {"function_call"}
"""Natively the deprecated kind of call may have been asked for."""


class ChatStream:
    """Splits an upstream's bytes into what goes on at once and what waits for the charge.

    What waits is the usage chunk, which the caller gets only if he asked, and the end mark.
    """

    def __init__(self, *, wants_usage: bool, choices: int = 1) -> None:
        self._wants_usage = wants_usage
        self._unfinished = set(range(choices))
        self._splitter = RawEventSplitter()
        self._usage: object = None
        self._tier: object = None
        self._text = ProducedText(said_in_chunk)
        self._latest: Mapping[str, Any] = {}
        self._begun = False
        self.usage_event = b""
        self.done = False
        self.broken = False

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return read_usage(self._usage, {"service_tier": self._tier})

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
        passed = bytearray()
        try:
            for event in self._splitter.feed(data):
                passed += self._read(without_ids(event))
        except EndlessEventError:
            self.broken = True
        return bytes(passed)

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
            **{name: self._latest[name] for name in _FRAME if name in self._latest},
            **usage,
            "choices": [],
            "metadata": metadata,
        }
        return b"data: " + _written(chunk) + b"\n\n" + DONE

    def _read(self, text: bytes) -> bytes:
        """Look into one event; what is withheld comes back empty, and so does all after the end."""
        if self.done or self.broken:
            return b""
        event = parse(text)
        if event is None:
            # A comment before the first chunk is no output yet, and is left out.
            return text if self._begun else b""
        if event.data.strip() == b"[DONE]":
            self.done = True
            return b""
        return self._read_chunk(text, event)

    def _read_chunk(self, text: bytes, event: ServerSentEvent) -> bytes:
        chunk = event.fields()
        choices = dicts(chunk, "choices")
        if chunk is None or is_failure(event.name, chunk) or any(map(gave_up, choices)):
            self.broken = True
            return b""
        self._latest = chunk
        self._tier = chunk.get("service_tier") or self._tier
        self._finish(choices)
        if isinstance(chunk.get("usage"), dict):
            self._usage = chunk["usage"]
            if not choices:
                self.usage_event = text if self._wants_usage else b""
                return b""
        self._begun = True
        self._text.add(text)
        return text

    def _finish(self, choices: Iterable[Mapping[str, Any]]) -> None:
        for position, choice in enumerate(choices):
            index = choice.get("index", position)
            if choice.get("finish_reason") and isinstance(index, int):
                self._unfinished.discard(index)


def gave_up(choice: Mapping[str, Any]) -> bool:
    """Tell whether a choice, whole or a chunk's, says that the server failed over it."""
    reason = choice.get("finish_reason")
    return bool(choice.get("error")) or (isinstance(reason, str) and reason in _GAVE_UP)


def _written(chunk: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(chunk)
    except orjson.JSONEncodeError:
        # What the upstream said is nested deeper than can be written; the rest is ours.
        return orjson.dumps({**NO_FRAME, "choices": [], "metadata": chunk["metadata"]})
