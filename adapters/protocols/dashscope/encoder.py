"""A streamed answer in DashScope's events, incremental or cumulative."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from adapters.protocols.canonical.answer import AnswerBlock, Frame, Stop
from adapters.protocols.canonical.blocks import RedactedThinking, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Event, Grew, Stopped
from adapters.protocols.dashscope.answer import (
    UNFINISHED,
    envelope,
    finish_of,
    write_call,
    write_output,
)
from adapters.protocols.dashscope.shape import Shape
from domain.metering import Report
from domain.usage import Usage

Call = dict[str, Any]
_SILENT: Final = {"content": "", "reasoning_content": ""}


def write_event(number: int, data: bytes) -> bytes:
    """Write one event as DashScope does; its SDK needs the lines exactly so."""
    return b"id:%d\nevent:result\n:HTTP_STATUS/200\ndata:%b\n\n" % (number, data)


class Encoder:
    """Writes an event for each piece of an answer; its last event is given by `finish`."""

    def __init__(self, frame: Frame, shape: Shape) -> None:
        self._frame = frame
        self._shape = shape
        self._texts = dict(_SILENT)
        self._calls: dict[int, Call] = {}
        self._kinds: dict[int, str] = {}
        self._stop: Stop = "stop"
        self._number = 0

    def encode(self, events: Iterable[Event]) -> bytes:
        """Write events as they come; what has no place in this form is left out."""
        return b"".join(map(self._write, events))

    def finish(self, report: Report, metadata: Mapping[str, Any] | None) -> bytes:
        """Write the last event, with the usage and the reason to finish."""
        del metadata  # no client of this protocol would look for it
        whole = not self._shape.incremental
        texts = self._texts if whole else _SILENT
        calls = list(self._calls.values()) if whole else []
        return self._event(texts, calls, finish_of(self._stop), report.usage)

    def _write(self, event: Event) -> bytes:
        if isinstance(event, Began):
            return self._begin(event.index, event.block)
        if isinstance(event, Grew):
            return self._grow(event.index, event.text)
        if isinstance(event, Stopped):
            self._stop = event.stop
        return b""

    def _begin(self, index: int, block: AnswerBlock) -> bytes:
        if isinstance(block, ToolUse):
            call = write_call(len(self._calls), block.id, block.name, block.arguments)
            self._calls[index] = call
            return self._told(_SILENT, call)
        if isinstance(block, RedactedThinking):
            return b""
        self._kinds[index] = "reasoning_content" if isinstance(block, Thinking) else "content"
        return self._grow(index, block.text)

    def _grow(self, index: int, text: str) -> bytes:
        if not text:
            return b""
        if call := self._calls.get(index):
            call["function"]["arguments"] += text
            # Whoever adds up the events adds up names and ids, too.
            return self._told(_SILENT, write_call(call["index"], "", "", text))
        kind = self._kinds[index]
        self._texts[kind] += text
        return self._told({**_SILENT, kind: text}, None)

    def _told(self, texts: Mapping[str, str], call: Call | None) -> bytes:
        """Write what is new, or all there is; plain text has no place for all but what is said."""
        if not self._shape.message and not texts["content"]:
            return b""
        if self._shape.incremental:
            return self._event(texts, [call] if call else [], UNFINISHED, None)
        return self._event(self._texts, list(self._calls.values()), UNFINISHED, None)

    def _event(
        self, texts: Mapping[str, str], calls: list[Call], finish: str, usage: Usage | None
    ) -> bytes:
        self._number += 1
        output = write_output(self._shape, texts, calls, finish)
        return write_event(self._number, orjson.dumps(envelope(self._frame, output, usage)))
