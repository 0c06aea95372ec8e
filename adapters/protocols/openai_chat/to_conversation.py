"""A chat request in canonical form (wire-facts §2.2)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.protocols.canonical.blocks import Block, Refusal, Text, ToolResult
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.canonical.turns import merge
from adapters.protocols.extras import refuse_others
from adapters.protocols.openai_chat.asked import (
    format_of,
    options_of,
    reasoning_of,
    stop_of,
    tool_choice_of,
    tools_of,
)
from adapters.protocols.openai_chat.calls import tool_use
from adapters.protocols.openai_chat.parts import blocks_of, cache_of
from adapters.protocols.openai_chat.thoughts import thoughts_of
from domain.errors import InvalidRequestError, UnsupportedParameterError

NAMES: Final = {
    "format": "response_format",
    "reasoning": "reasoning_effort",
    "parallel_tools": "parallel_tool_calls",
    "turns": "messages",
    "system": "messages",
    "image": "messages",
    "audio": "messages",
    "document": "messages",
}
"""Chat's names for what the canonical form names otherwise."""

_SYSTEM: Final = frozenset({"system", "developer"})


def to_conversation(body: Mapping[str, Any]) -> Conversation:
    """Read a checked body, or raise InvalidRequestError or UnsupportedParameterError by name."""
    for name in ("functions", "function_call"):
        if body.get(name) is not None:
            raise UnsupportedParameterError(name, "is deprecated; use 'tools'")
    if (body.get("n") or 1) > 1:
        raise UnsupportedParameterError("n", "must be 1 for this model")
    messages: list[dict[str, Any]] = body["messages"]
    leading = next(
        (i for i, message in enumerate(messages) if message["role"] not in _SYSTEM), len(messages)
    )
    return Conversation(
        turns=merge(_turns(messages, leading)),
        system=tuple(
            text for index in range(leading) for text in _texts(messages[index], _at(index))
        ),
        tools=tools_of(body),
        tool_choice=tool_choice_of(body.get("tool_choice")),
        parallel_tools=body.get("parallel_tool_calls"),
        format=format_of(body.get("response_format")),
        reasoning=reasoning_of(body),
        stop=stop_of(body.get("stop")),
        options=options_of(body),
        names=NAMES,
    )


def _turns(messages: list[dict[str, Any]], start: int) -> Iterator[Turn]:
    called: set[str] = set()
    for index in range(start, len(messages)):
        message, path = messages[index], _at(index)
        match message["role"]:
            case "system" | "developer":
                yield Turn("system", tuple(_texts(message, path)))
            case "user":
                yield _user(message, path)
            case "assistant":
                yield _assistant(message, path, called)
            case "tool":
                yield Turn("user", (_result(message, path, called),))
            case _:
                raise UnsupportedParameterError(f"{path}.role", "is deprecated; use 'tool'")


def _texts(message: Mapping[str, Any], path: str) -> Iterator[Text]:
    refuse_others(message, _PLAIN, path)
    for block in blocks_of(message.get("content"), f"{path}.content"):
        if not isinstance(block, Text):
            raise InvalidRequestError(f"'{path}.content' must be text.", f"{path}.content")
        yield block


def _user(message: Mapping[str, Any], path: str) -> Turn:
    refuse_others(message, _PLAIN, path)
    blocks = tuple(blocks_of(message.get("content"), f"{path}.content"))
    if not blocks:
        raise InvalidRequestError(f"'{path}.content' must not be empty.", f"{path}.content")
    if any(isinstance(block, Refusal) for block in blocks):
        raise InvalidRequestError(f"'{path}.content' holds a refusal.", f"{path}.content")
    return Turn("user", blocks)


def _assistant(message: Mapping[str, Any], path: str, called: set[str]) -> Turn:
    refuse_others(message, _ASSISTANT, path)
    blocks: list[Block] = [*thoughts_of(message, path)]
    for block in blocks_of(message.get("content"), f"{path}.content"):
        if not isinstance(block, Text | Refusal):
            raise InvalidRequestError(f"'{path}.content' must be text.", f"{path}.content")
        blocks.append(block)
    if isinstance(refusal := message.get("refusal"), str) and refusal:
        blocks.append(Refusal(refusal))
    for index, call in enumerate(message.get("tool_calls") or ()):
        use = tool_use(call, f"{path}.tool_calls[{index}]")
        called.add(use.id)
        blocks.append(use)
    return Turn("assistant", tuple(blocks))


def _result(message: Mapping[str, Any], path: str, called: set[str]) -> ToolResult:
    refuse_others(message, _TOOL, path)
    call_id = message.get("tool_call_id")
    if not isinstance(call_id, str) or call_id not in called:
        where = f"{path}.tool_call_id"
        raise InvalidRequestError(f"'{where}' names no earlier call of a tool.", where)
    texts = tuple(_texts({**message, **_NO_CALL}, path))
    return ToolResult(call_id, texts, cache=cache_of(message, path))


def _at(index: int) -> str:
    return f"messages[{index}]"


_PLAIN: Final = frozenset({"role", "content", "name"})
_TOOL: Final = _PLAIN | {"tool_call_id", "cache_control"}
_ASSISTANT: Final = _PLAIN | {
    "refusal", "tool_calls", "reasoning_content", "reasoning", "reasoning_details", "annotations",
}  # fmt: skip
_NO_CALL: Final = {"tool_call_id": None, "cache_control": None}
