"""Gemini's answers, chunk by chunk: a whole answer is a stream of one."""

from typing import Any, Final, cast
from uuid import uuid4

import orjson

from adapters.protocols.canonical.answer import MalformedAnswerError, Stop
from adapters.protocols.canonical.blocks import Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from adapters.protocols.gemini.contents import ISSUER
from adapters.protocols.gemini.usage import merge, read_usage
from domain.metering import Report

_STOPS: Final[dict[str, Stop]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "paused",
    **dict.fromkeys(
        (
            "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
            "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_OTHER", "IMAGE_RECITATION",
            "ESCALATION", "PUP_LIMITED_DISABLED", "MODEL_ARMOR",
        ),
        "filtered",
    ),
}  # fmt: skip
"""Any other reason means that the answer went wrong."""


class ChunkReader:
    """Reads an answer's chunks into events."""

    def __init__(self) -> None:
        self._usage: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._blocks = 0
        self._open: type[Text | Thinking] | None = None
        self._called = False
        self.stopped = False

    @property
    def report(self) -> Report:
        """The usage reported so far; each chunk repeats it, grown."""
        return read_usage(self._usage or None, self._last)

    def read(self, data: bytes) -> list[Event]:
        """Read a chunk, or raise MalformedAnswerError with what it said before it went wrong."""
        chunk = _object(_parsed(data))
        if "error" in chunk:
            raise MalformedAnswerError
        usage = chunk.get("usageMetadata")
        if isinstance(usage, dict):
            self._usage = merge(self._usage, cast("dict[str, Any]", usage))
            self._last = chunk
        candidates = _objects(chunk.get("candidates"))
        if not candidates:
            return self._blocked(_object(chunk.get("promptFeedback") or {}))
        candidate = candidates[0]
        parts = _objects(_object(candidate.get("content") or {}).get("parts"))
        events = [event for part in parts for event in self._part(part)]
        if reason := candidate.get("finishReason"):
            events += self._finish(reason)
        return events

    def _blocked(self, feedback: dict[str, Any]) -> list[Event]:
        """Read a chunk without an answer: the prompt was blocked, or this is about usage."""
        reason = feedback.get("blockReason")
        if not reason or self.stopped:
            return []
        self.stopped = True
        return [*self._end(), Stopped("filtered", explanation=_word(reason))]

    def _part(self, part: dict[str, Any]) -> list[Event]:
        if "functionCall" in part:
            return self._call(_object(part["functionCall"]), part.get("thoughtSignature"))
        text = part.get("text")
        if not isinstance(text, str):
            if part.keys() - {"thoughtSignature", "thought"}:
                raise MalformedAnswerError
            return []
        return self._text(text, part) if text else []

    def _text(self, text: str, part: dict[str, Any]) -> list[Event]:
        kind = Thinking if part.get("thought") is True else Text
        if self._open is kind:
            events: list[Event] = [Grew(self._blocks - 1, text)]
        else:
            events = [*self._end(), self._begin(kind(text))]
            self._open = kind
        signature = part.get("thoughtSignature")
        if kind is Thinking and isinstance(signature, str):
            events.append(Signed(self._blocks - 1, signature, ISSUER))
        return events

    def _call(self, call: dict[str, Any], signature: object) -> list[Event]:
        """Read a call; it comes whole, and may come without an id."""
        name, call_id = call.get("name"), call.get("id") or f"call_{uuid4().hex}"
        if not isinstance(name, str) or not isinstance(call_id, str) or "partialArgs" in call:
            raise MalformedAnswerError
        arguments = orjson.dumps(_object(call.get("args") or {})).decode()
        signed = signature if isinstance(signature, str) else None
        use = ToolUse(call_id, name, arguments, signed, ISSUER if signed else None)
        self._called = True
        return [*self._end(), self._begin(use), Ended(self._blocks - 1)]

    def _begin(self, block: Text | Thinking | ToolUse) -> Event:
        if self.stopped:
            raise MalformedAnswerError
        self._blocks += 1
        return Began(self._blocks - 1, block)

    def _end(self) -> list[Event]:
        if self._open is None:
            return []
        self._open = None
        return [Ended(self._blocks - 1)]

    def _finish(self, reason: object) -> list[Event]:
        """Read why it stopped; an answer that went wrong counts if it is text already."""
        if self.stopped:
            return []
        stop = _STOPS.get(reason) if isinstance(reason, str) else None
        if stop is None and (self._called or not self._blocks):
            raise MalformedAnswerError
        if stop == "stop" and self._called:
            stop = "tool"
        self.stopped = True
        told = _word(reason) if stop == "filtered" else None
        return [*self._end(), Stopped(stop or "stop", explanation=told)]


def _parsed(data: bytes) -> object:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise MalformedAnswerError from error


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedAnswerError
    return cast("dict[str, Any]", value)


def _objects(value: object) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedAnswerError
    return [_object(item) for item in cast("list[object]", value)]


def _word(reason: object) -> str | None:
    return reason if isinstance(reason, str) and reason.replace("_", "").isalpha() else None
