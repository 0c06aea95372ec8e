"""What the sandbox says: its caller's own words, or what a schema asks for."""

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.protocols.canonical.answer import AnswerBlock, Stop
from adapters.protocols.canonical.blocks import Block, Text, ToolResult, ToolUse
from adapters.protocols.canonical.builder import said_in
from adapters.protocols.canonical.conversation import Conversation, Tool, Turn
from adapters.token_count import count_tokens
from adapters.upstreams.sandbox_values import value_of


def say(conversation: Conversation, call_id: str, output_cap: int) -> tuple[AnswerBlock, Stop]:
    """Answer within the cap: the one tool that must be called, a JSON text, or an echo."""
    tool = _forced(conversation)
    if tool is not None:
        return _called(tool, conversation, call_id, output_cap)
    wanted = conversation.format
    said = _echo(conversation) if wanted is None else _json(wanted.schema)
    kept, whole = _within(said, output_cap)
    return Text(kept), "stop" if whole else "length"


def tokens_of(block: AnswerBlock) -> int:
    """Count what a block comes to, as the cap counts it."""
    if isinstance(block, Text):
        return sum(map(_tokens, words(block.text)))
    return count_tokens(said_in(block))


def words(text: str) -> list[str]:
    """Cut a text into what a stream says at once, nothing lost."""
    return [part for part in text.replace(" ", " \0").split("\0") if part]


def _forced(conversation: Conversation) -> Tool | None:
    """Find the tool that must be called, if there is just one that it can be."""
    choice = conversation.tool_choice
    if choice is None or choice.mode != "required":
        return None
    tools = [t for t in conversation.tools if not choice.names or t.name in choice.names]
    return tools[0] if len(tools) == 1 else None


def _called(
    tool: Tool, conversation: Conversation, call_id: str, output_cap: int
) -> tuple[AnswerBlock, Stop]:
    said = _echo(conversation).strip() if tool.custom else _json(tool.parameters)
    if count_tokens(tool.name + said) > output_cap:
        # Half a call is of no use to anybody.
        return Text(""), "length"
    return ToolUse(call_id, tool.name, said, custom=tool.custom), "tool"


def _json(schema: Mapping[str, Any] | None) -> str:
    value: object = {} if schema is None else value_of(schema)
    return orjson.dumps(value if isinstance(value, dict) else {"value": value}).decode()


def _echo(conversation: Conversation) -> str:
    said = next((heard for turn in reversed(conversation.turns) if (heard := _heard(turn))), "")
    return "".join(word + " " for word in f"You said: {said or 'nothing'}".split())


def _heard(turn: Turn) -> str:
    if turn.role != "user":
        return ""
    texts = [block.text for block in turn.blocks if isinstance(block, Text)]
    return " ".join(texts or map(_result, turn.blocks))


def _result(block: Block) -> str:
    if not isinstance(block, ToolResult):
        return ""
    return " ".join(part.text for part in block.blocks if isinstance(part, Text))


def _within(text: str, output_cap: int) -> tuple[str, bool]:
    """Cut a text at the cap, as a real model would be."""
    kept: list[str] = []
    for word in words(text):
        output_cap -= _tokens(word)
        if output_cap < 0:
            return "".join(kept), False
        kept.append(word)
    return "".join(kept), True


def _tokens(word: str) -> int:
    return count_tokens(word.strip())
