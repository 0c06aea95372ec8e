"""Tools that take free text, for providers that know functions only.

custom tool `t`             function `t` with one string parameter, `input`
call of it with text        call with {"input": text}, and back again in the answer

A function that the caller itself named like that stays what it is: only custom tools' names count.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any, cast

import orjson

from adapters.protocols.canonical.answer import Answer
from adapters.protocols.canonical.blocks import Block, ToolUse
from adapters.protocols.canonical.conversation import Conversation, Tool, Turn
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed

FIELD = "input"
PARAMETERS = {
    "type": "object",
    "properties": {FIELD: {"type": "string"}},
    "required": [FIELD],
    "additionalProperties": False,
}


def custom_names(conversation: Conversation) -> frozenset[str]:
    """Name the tools that take free text."""
    return frozenset(tool.name for tool in conversation.tools if tool.custom)


def with_functions(conversation: Conversation) -> Conversation:
    """Turn custom tools and the calls of them into functions and calls of functions."""
    if not custom_names(conversation) and not any(map(_calls_custom, conversation.turns)):
        return conversation
    return replace(
        conversation,
        tools=tuple(map(_as_function, conversation.tools)),
        turns=tuple(
            Turn(turn.role, tuple(map(_wrapped, turn.blocks))) for turn in conversation.turns
        ),
    )


def with_custom(answer: Answer, names: Collection[str]) -> Answer:
    """Give the calls of these tools as the free text that they were meant to be."""
    if not names:
        return answer
    blocks = tuple(
        _unwrapped(block) if isinstance(block, ToolUse) and block.name in names else block
        for block in answer.blocks
    )
    return replace(answer, blocks=blocks)


class CustomCalls:
    """The same in a stream: a custom tool's text goes on when the call is whole."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._held: dict[int, list[str]] = {}

    def restore(self, events: Iterable[Event]) -> list[Event]:
        """Follow the stream; what belongs to no custom tool passes."""
        return [passed for event in events for passed in self._restored(event)]

    def _restored(self, event: Event) -> list[Event]:
        if isinstance(event, Began):
            block = event.block
            if not isinstance(block, ToolUse) or block.custom or block.name not in self._names:
                return [event]
            self._held[event.index] = [block.arguments]
            return [Began(event.index, replace(block, arguments="", custom=True))]
        if not isinstance(event, Grew | Ended | Signed) or event.index not in self._held:
            return [event]
        if isinstance(event, Grew):
            self._held[event.index].append(event.text)
            return []
        if isinstance(event, Signed):
            return [event]
        text = _text_in("".join(self._held.pop(event.index)))
        return [*([Grew(event.index, text)] if text else []), event]


def _calls_custom(turn: Turn) -> bool:
    return any(isinstance(block, ToolUse) and block.custom for block in turn.blocks)


def _as_function(tool: Tool) -> Tool:
    """Tell the model of a grammar in words: a function's parameter cannot be held to it."""
    if not tool.custom:
        return tool
    grammar = tool.grammar or {}
    told = (
        f"\n\n`{FIELD}` must match this {grammar.get('syntax', '')} grammar:\n"
        f"{grammar.get('definition', '')}"
    )
    return replace(
        tool,
        description=(tool.description + (told if grammar else "")).strip(),
        parameters=PARAMETERS,
        custom=False,
        grammar=None,
    )


def _wrapped(block: Block) -> Block:
    if not isinstance(block, ToolUse) or not block.custom:
        return block
    return replace(block, arguments=orjson.dumps({FIELD: block.arguments}).decode(), custom=False)


def _unwrapped(call: ToolUse) -> ToolUse:
    """Take the text out; what a model wrote in another shape is the text itself."""
    return call if call.custom else replace(call, arguments=_text_in(call.arguments), custom=True)


def _text_in(arguments: str) -> str:
    try:
        fields: object = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        fields = None
    text = cast("dict[str, Any]", fields).get(FIELD) if isinstance(fields, dict) else None
    return text if isinstance(text, str) else arguments
