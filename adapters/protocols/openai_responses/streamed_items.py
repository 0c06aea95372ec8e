"""The output items of a stream as canonical blocks, in the order in which they begin.

message         a block for each content part
call            one block
reasoning       one block: the paragraphs of its summary, or else its raw text
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from adapters.protocols.canonical.answer import AnswerBlock, MalformedAnswerError
from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed
from adapters.protocols.openai_responses.answer import blocks_in, call_in
from adapters.protocols.openai_responses.sealed import ISSUER

Json = Mapping[str, Any]
Place = tuple[int, int]
"""An item's output_index, and the place of a part in it; 0 for calls and thoughts."""


class StreamedItems:
    """Follows items by their output_index; one that was never begun comes whole at its end.

    Its methods raise MalformedAnswerError, KeyError, TypeError or AttributeError for nonsense.
    """

    def __init__(self) -> None:
        self.called = False
        self._count = 0
        self._blocks: dict[Place, int] = {}
        self._silent: set[Place] = set()
        self._open: set[int] = set()
        self._told: set[int] = set()
        self._summarised: dict[int, bool] = {}
        self._followed: Mapping[str, Callable[[Json], Iterator[Event]]] = {
            "response.output_item.added": self._item_added,
            "response.content_part.added": self._part_added,
            "response.output_text.delta": self._part_said,
            "response.refusal.delta": self._part_said,
            "response.function_call_arguments.delta": self._call_said,
            "response.custom_tool_call_input.delta": self._call_said,
            "response.reasoning_summary_part.added": self._paragraph,
            "response.reasoning_summary_text.delta": self._thought,
            "response.reasoning_text.delta": self._thought,
            "response.output_item.done": self._item_done,
        }

    def read(self, event: Json) -> Iterator[Event]:
        """Follow one event; those that tell nothing new give nothing."""
        follow = self._followed.get(event["type"])
        if follow is not None:
            yield from follow(event)

    def end(self, output: list[Any]) -> Iterator[Event]:
        """Close what is open; a stream that told of no items at all has them in its last event."""
        if not self._told and not self._blocks:
            for item in output:
                yield from self._whole(blocks_in(item))
        for index in sorted(self._open):
            yield Ended(index)
        self._open.clear()

    def _item_added(self, event: Json) -> Iterator[Event]:
        item, place = event["item"], (event["output_index"], 0)
        if item["type"] in {"function_call", "custom_tool_call"}:
            said = "input" if item["type"] == "custom_tool_call" else "arguments"
            yield self._begin(place, call_in({**item, said: ""}))
            yield from self._grow(place, item.get(said) or "")

    def _part_added(self, event: Json) -> Iterator[Event]:
        part, place = event["part"], (event["output_index"], event["content_index"])
        if part["type"] == "refusal":
            yield self._begin(place, Refusal(""))
            yield from self._grow(place, part["refusal"])
        elif part["type"] == "output_text":
            yield self._begin(place, Text(""))
            yield from self._grow(place, part["text"])

    def _part_said(self, event: Json) -> Iterator[Event]:
        yield from self._grow((event["output_index"], event["content_index"]), event["delta"])

    def _call_said(self, event: Json) -> Iterator[Event]:
        yield from self._grow((event["output_index"], 0), event["delta"])

    def _thought(self, event: Json) -> Iterator[Event]:
        number = event["output_index"]
        summarises = "summary" in event["type"]
        if self._summarised.setdefault(number, summarises) is not summarises:
            return
        if (number, 0) not in self._blocks:
            yield self._begin((number, 0), Thinking(""))
        yield from self._grow((number, 0), event["delta"])

    def _paragraph(self, event: Json) -> Iterator[Event]:
        place = (event["output_index"], 0)
        if place in self._blocks and self._summarised.get(place[0]):
            yield from self._grow(place, "\n\n")

    def _item_done(self, event: Json) -> Iterator[Event]:
        number, item = event["output_index"], event["item"]
        if number in self._told:
            return
        self._told.add(number)
        places = [place for place in self._blocks if place[0] == number]
        whole = blocks_in(item)
        if not places:
            yield from self._whole(whole)
            return
        for place, block in zip(places, whole, strict=False):
            if place in self._silent:
                yield from self._grow(place, _said(block))
        sealed = item.get("encrypted_content")
        if item["type"] == "reasoning" and isinstance(sealed, str) and sealed:
            yield Signed(self._blocks[places[0]], sealed, ISSUER)
        for place in places:
            if (index := self._blocks[place]) in self._open:
                self._open.discard(index)
                yield Ended(index)

    def _whole(self, blocks: list[AnswerBlock]) -> Iterator[Event]:
        for block in blocks:
            self.called = self.called or isinstance(block, ToolUse)
            yield Began(self._count, block)
            yield Ended(self._count)
            self._count += 1

    def _begin(self, place: Place, block: AnswerBlock) -> Event:
        if place in self._blocks or place[0] in self._told:
            raise MalformedAnswerError
        self.called = self.called or isinstance(block, ToolUse)
        index = self._blocks[place] = self._count
        self._open.add(index)
        self._silent.add(place)
        self._count += 1
        return Began(index, block)

    def _grow(self, place: Place, text: object) -> Iterator[Event]:
        index = self._blocks[place]
        if not isinstance(text, str) or index not in self._open:
            raise MalformedAnswerError
        if text:
            self._silent.discard(place)
            yield Grew(index, text)


def _said(block: AnswerBlock) -> str:
    if isinstance(block, ToolUse):
        return block.arguments
    return "" if isinstance(block, RedactedThinking) else block.text
