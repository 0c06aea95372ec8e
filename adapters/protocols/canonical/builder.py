"""Folding a stream's events into the answer that they add up to."""

from collections.abc import Iterable
from dataclasses import replace

from adapters.protocols.canonical.answer import Answer, AnswerBlock
from adapters.protocols.canonical.blocks import RedactedThinking, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Event, Grew, Signed, Stopped
from domain.metering import Report


class AnswerBuilder:
    """Keeps what was said so far, block by block."""

    def __init__(self) -> None:
        self._blocks: list[AnswerBlock] = []
        self._texts: list[list[str]] = []
        self.stopped: Stopped | None = None

    def add(self, events: Iterable[Event]) -> None:
        """Follow the stream."""
        for event in events:
            match event:
                case Began():
                    assert event.index == len(self._blocks), "blocks begin in order"
                    self._blocks.append(event.block)
                    self._texts.append([])
                case Grew():
                    self._texts[event.index].append(event.text)
                case Signed():
                    self._sign(event)
                case Stopped():
                    self.stopped = event
                case _:
                    pass

    @property
    def blocks(self) -> tuple[AnswerBlock, ...]:
        """The blocks so far, with all of their text."""
        return tuple(map(_grown, self._blocks, map("".join, self._texts)))

    @property
    def texts(self) -> list[str]:
        """Everything said so far, thoughts and arguments included, for counting it."""
        return [said for block in self.blocks if (said := said_in(block))]

    def answer(self, report: Report) -> Answer:
        """Give the whole answer of a stream that has stopped."""
        assert self.stopped is not None, "an answer is built from a whole stream"
        stopped = self.stopped
        return Answer(self.blocks, stopped.stop, stopped.stop_sequence, stopped.explanation, report)

    def _sign(self, event: Signed) -> None:
        block = self._blocks[event.index]
        assert isinstance(block, Thinking | ToolUse), "only thoughts and tool calls are signed"
        self._blocks[event.index] = replace(block, signature=event.signature, issuer=event.issuer)


def said_in(block: AnswerBlock) -> str:
    """Give a block's text, as far as the model produced it as tokens."""
    if isinstance(block, ToolUse):
        return block.name + block.arguments
    return "" if isinstance(block, RedactedThinking) else block.text


def _grown(block: AnswerBlock, more: str) -> AnswerBlock:
    if not more:
        return block
    if isinstance(block, ToolUse):
        return replace(block, arguments=block.arguments + more)
    assert not isinstance(block, RedactedThinking), "redacted thoughts come whole"
    return replace(block, text=block.text + more)
