"""An output item that is being written: which events tell of its text."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from adapters.protocols.canonical.answer import AnswerBlock
from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Signed
from adapters.protocols.openai_responses.response import part_of

Fields = dict[str, Any]
Told = Iterator[tuple[str, Fields]]
"""Events by their names without `response.`, and what each says besides its item's place."""


class OpenItem:
    """A block while it grows."""

    def __init__(self, block: AnswerBlock, number: int) -> None:
        self.number = number
        self.item_id = ""
        self._block = block
        self._said: list[str] = []
        self._shown = False

    @property
    def bare(self) -> AnswerBlock:
        """The block without any text."""
        return _with_text(self._block, "")

    @property
    def whole(self) -> AnswerBlock:
        """The block with all of its text."""
        return _with_text(self._block, "".join(self._said))

    def begin(self) -> Told:
        """Tell what follows the item's own beginning."""
        block = self._block
        if isinstance(block, Text | Refusal):
            yield (
                "content_part.added",
                {"content_index": 0, "part": part_of(replace(block, text=""))},
            )
        if isinstance(block, RedactedThinking):
            return
        begun = block.arguments if isinstance(block, ToolUse) else block.text
        if begun:
            yield from self.grow(begun)

    def grow(self, text: str) -> Told:
        """Tell of more text."""
        self._said.append(text)
        match self._block:
            case Text():
                yield "output_text.delta", {"content_index": 0, "delta": text, "logprobs": []}
            case Refusal():
                yield "refusal.delta", {"content_index": 0, "delta": text}
            case Thinking():
                yield from self._think(text)
            case ToolUse(custom=True):
                yield "custom_tool_call_input.delta", {"delta": text}
            case ToolUse():
                yield "function_call_arguments.delta", {"delta": text}
            case RedactedThinking():
                raise AssertionError("redacted thoughts come whole")

    def sign(self, event: Signed) -> None:
        """Keep a signature for the end."""
        assert isinstance(self._block, Thinking | ToolUse), "only thoughts and calls are signed"
        self._block = replace(self._block, signature=event.signature, issuer=event.issuer)

    def end(self) -> Told:
        """Tell what precedes the item's own end."""
        match block := self.whole:
            case Text():
                yield "output_text.done", {"content_index": 0, "text": block.text, "logprobs": []}
                yield "content_part.done", {"content_index": 0, "part": part_of(block)}
            case Refusal():
                yield "refusal.done", {"content_index": 0, "refusal": block.text}
                yield "content_part.done", {"content_index": 0, "part": part_of(block)}
            case Thinking():
                if self._shown:
                    part = {"type": "summary_text", "text": block.text}
                    yield "reasoning_summary_text.done", {"summary_index": 0, "text": block.text}
                    yield "reasoning_summary_part.done", {"summary_index": 0, "part": part}
            case ToolUse(custom=True):
                yield "custom_tool_call_input.done", {"input": block.arguments}
            case ToolUse():
                done = {"name": block.name, "arguments": block.arguments}
                yield "function_call_arguments.done", done
            case RedactedThinking():
                pass

    def _think(self, text: str) -> Told:
        """Thoughts that are only a signature have no part to show."""
        if not self._shown:
            self._shown = True
            part = {"type": "summary_text", "text": ""}
            yield "reasoning_summary_part.added", {"summary_index": 0, "part": part}
        yield "reasoning_summary_text.delta", {"summary_index": 0, "delta": text}


def _with_text(block: AnswerBlock, text: str) -> AnswerBlock:
    if isinstance(block, RedactedThinking):
        return block
    return (
        replace(block, arguments=text) if isinstance(block, ToolUse) else replace(block, text=text)
    )
