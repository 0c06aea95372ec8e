"""What the vendor's own library says of bodies that we send to Anthropic."""

from functools import cache
from itertools import pairwise
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from anthropic import types
from anthropic.types.message_create_params import MessageCreateParamsBase
from pydantic import TypeAdapter

Json = dict[str, Any]


def assert_anthropic_takes(body: Json) -> None:
    """Every field is one that the library knows, of the type that it tells."""
    assert body.keys() <= _hints(MessageCreateParamsBase).keys() | {"stream", *_CLASSIC}
    for name in ("thinking", "tool_choice", "output_config", "metadata"):
        if name in body:
            _assert_is(body[name], _hints(MessageCreateParamsBase)[name])
    for text in body.get("system", []):
        _assert_is(text, types.TextBlockParam)
    for tool in body.get("tools", []):
        _assert_is(tool, types.ToolParam)
    for message in body["messages"]:
        _assert_is(message, types.MessageParam)
        for block in message["content"]:
            _assert_block(block)
    roles = [message["role"] for message in body["messages"]]
    assert roles[0] == "user"
    assert all(before != after for before, after in pairwise(roles))


_CLASSIC = ("temperature", "top_p", "top_k")


def _assert_block(block: Json) -> None:
    known = {
        "text": types.TextBlockParam,
        "image": types.ImageBlockParam,
        "document": types.DocumentBlockParam,
        "tool_use": types.ToolUseBlockParam,
        "tool_result": types.ToolResultBlockParam,
        "thinking": types.ThinkingBlockParam,
        "redacted_thinking": types.RedactedThinkingBlockParam,
    }
    _assert_is(block, known[block["type"]])
    assert block.get("text") != "", "Anthropic refuses empty texts"
    inner = block.get("content", [])
    for part in inner if isinstance(inner, list) else []:
        _assert_block(part)


def _assert_is(value: Json, kind: Any) -> None:
    """Of this type, which is one TypedDict or several, and with no field that it does not know."""
    _adapter(kind).validate_python(value)
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    fields = [set(_hints(each)) for each in kinds if hasattr(each, "__annotations__")]
    assert any(value.keys() <= known for known in fields), value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def _hints(kind: Any) -> Json:
    return get_type_hints(kind)
