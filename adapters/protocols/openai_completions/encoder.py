"""Writing a streamed answer as chunks of a text completion."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from adapters.protocols.canonical.answer import Frame
from adapters.protocols.canonical.blocks import Refusal, Text
from adapters.protocols.canonical.events import Began, Event, Grew, Stopped
from adapters.protocols.openai_chat.answer import FINISH, tier_of, usage_of
from adapters.protocols.openai_chat.stream import DONE
from adapters.protocols.openai_completions.answer import choice_of, frame_of
from domain.metering import Report


class CompletionsEncoder:
    """Passes on text; there is no place for thoughts, so they are only billed."""

    def __init__(self, frame: Frame, *, wants_usage: bool) -> None:
        self._frame = frame_of(frame)
        self._wants_usage = wants_usage
        self._spoken: set[int] = set()

    def encode(self, events: Iterable[Event]) -> bytes:
        """Write events; nothing at all for what is not text."""
        return b"".join(map(self._written, events))

    def finish(self, report: Report, metadata: Mapping[str, Any] | None) -> bytes:
        """Write the usage if the caller asked for it, and the end mark."""
        usage = usage_of(report) if self._wants_usage else None
        if usage is None:
            return DONE
        return self._event({"choices": [], "usage": usage, **tier_of(report)}) + DONE

    def _written(self, event: Event) -> bytes:
        match event:
            case Began(index=index, block=Text(text=text) | Refusal(text=text)):
                self._spoken.add(index)
                return self._chunk(text) if text else b""
            case Grew(index=index, text=text) if index in self._spoken:
                return self._chunk(text)
            case Stopped(stop=stop):
                return self._chunk("", FINISH[stop])
            case _:
                return b""

    def _chunk(self, text: str, finish_reason: str | None = None) -> bytes:
        return self._event({"choices": [choice_of(text, finish_reason)]})

    def _event(self, fields: dict[str, Any]) -> bytes:
        return b"data: " + orjson.dumps({**self._frame, **fields}) + b"\n\n"
