"""A stream of ConverseStream; its usage comes after the reason to stop, and ends it."""

from typing import Any

from adapters.protocols.bedrock.frames import BrokenFrameError, Frame, FrameSplitter
from adapters.protocols.bedrock.reading import fields, parsed, stop_of, text
from adapters.protocols.bedrock.thinking import ISSUER
from adapters.protocols.bedrock.usage import read_usage
from adapters.protocols.canonical.answer import AnswerBlock, MalformedAnswerError
from adapters.protocols.canonical.blocks import RedactedThinking, Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from domain.metering import Report


class ConverseDecoder:
    """Reads the stream into canonical events."""

    def __init__(self) -> None:
        self._splitter = FrameSplitter()
        self._blocks: list[type[AnswerBlock]] = []
        self._open: dict[int, int] = {}
        """Blocks that have begun and not ended: our number by theirs."""
        self._silent: set[int] = set()
        """Calls without arguments so far."""
        self._closed: set[int] = set()
        self.complete = False
        self.done = False
        self.broken = False
        self.report = Report()

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they came."""
        events: list[Event] = []
        if self.done or self.broken:
            return events
        try:
            for frame in self._splitter.feed(data):
                events += self._read(frame)
        except (MalformedAnswerError, BrokenFrameError):
            self.broken = True
        return events

    def _read(self, frame: Frame) -> list[Event]:
        """Read a frame; whatever it is, nothing counts after the end."""
        if self.done:
            return []
        if frame.headers.get(":message-type") != "event":
            raise MalformedAnswerError
        name = frame.headers.get(":event-type", "")
        if name == "metadata":
            told = parsed(frame.payload)
            self.report = read_usage(told.get("usage"), told)
            self.done = self.complete
            return []
        if name == "messageStop":
            return self._stop(parsed(frame.payload))
        return self._content(name, frame) if name.startswith("contentBlock") else []

    def _content(self, name: str, frame: Frame) -> list[Event]:
        content = parsed(frame.payload)
        theirs = content.get("contentBlockIndex")
        if not isinstance(theirs, int) or theirs in self._closed or self.complete:
            raise MalformedAnswerError
        if name == "contentBlockStart":
            return self._start(theirs, fields(content.get("start") or {}))
        if name == "contentBlockDelta":
            return self._delta(theirs, fields(content.get("delta")))
        return self._end(theirs)

    def _start(self, theirs: int, start: dict[str, Any]) -> list[Event]:
        """Begin a call; text and thoughts begin with their first words."""
        if not start:
            return []
        call = fields(start.get("toolUse"))
        if theirs in self._open:
            raise MalformedAnswerError
        self._silent.add(theirs)
        return [
            self._begin(theirs, ToolUse(text(call.get("toolUseId")), text(call.get("name")), ""))
        ]

    def _delta(self, theirs: int, delta: dict[str, Any]) -> list[Event]:
        if "text" in delta:
            return self._grow(theirs, Text(text(delta["text"])))
        if "toolUse" in delta:
            return self._argue(theirs, text(fields(delta["toolUse"]).get("input")))
        if "reasoningContent" in delta:
            return self._think(theirs, fields(delta["reasoningContent"]))
        if "citation" in delta:
            return []
        raise MalformedAnswerError

    def _argue(self, theirs: int, more: str) -> list[Event]:
        ours = self._open.get(theirs)
        if ours is None or self._blocks[ours] is not ToolUse:
            raise MalformedAnswerError
        if not more:
            return []
        self._silent.discard(theirs)
        return [Grew(ours, more)]

    def _think(self, theirs: int, content: dict[str, Any]) -> list[Event]:
        if "text" in content:
            return self._grow(theirs, Thinking(text(content["text"])))
        if "redactedContent" in content:
            return self._grow(theirs, RedactedThinking(text(content["redactedContent"]), ISSUER))
        signature = text(content.get("signature"))
        begun = [] if theirs in self._open else [self._begin(theirs, Thinking(""))]
        ours = self._open[theirs]
        if self._blocks[ours] is not Thinking:
            raise MalformedAnswerError
        return [*begun, *([Signed(ours, signature, ISSUER)] if signature else [])]

    def _grow(self, theirs: int, block: Text | Thinking | RedactedThinking) -> list[Event]:
        """Begin a block with its first words, or let it grow by more of the same kind."""
        if theirs not in self._open:
            return [self._begin(theirs, block)]
        ours = self._open[theirs]
        if self._blocks[ours] is not type(block) or isinstance(block, RedactedThinking):
            raise MalformedAnswerError
        return [Grew(ours, block.text)] if block.text else []

    def _begin(self, theirs: int, block: AnswerBlock) -> Event:
        self._open[theirs] = len(self._blocks)
        self._blocks.append(type(block))
        return Began(self._open[theirs], block)

    def _end(self, theirs: int) -> list[Event]:
        self._closed.add(theirs)
        ours = self._open.pop(theirs, None)
        if ours is None:
            return []
        # A call without arguments streams none, and is a call with an empty object.
        empty = [Grew(ours, "{}")] if theirs in self._silent else []
        return [*empty, Ended(ours)]

    def _stop(self, message: dict[str, Any]) -> list[Event]:
        reason = message.get("stopReason")
        if self.complete:
            raise MalformedAnswerError
        stop = stop_of(reason, self._blocks)
        ended = [event for theirs in list(self._open) for event in self._end(theirs)]
        self.complete = True
        explanation = text(reason) if stop == "filtered" else None
        return [*ended, Stopped(stop, explanation=explanation)]
