"""Requests as DashScope's callers send them, and as we write them for it."""

import json
from typing import Any

from adapters.protocols.canonical.blocks import Block, Text
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.dashscope.from_conversation import from_conversation
from adapters.protocols.dashscope.request import DashScopeRequest, decode_text

ASKED: Any = [{"role": "user", "content": "Hello."}]
CALL = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
CALLED = {"role": "assistant", "content": "", "tool_calls": [{"id": "call_1", "function": CALL}]}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
HELLO = Turn("user", (Text("Hello."),))
PICTURE = "data:image/png;base64,iVBORw0KGgo="


def body(messages: Any = ASKED, model: str = "qwen-plus", **parameters: Any) -> dict[str, Any]:
    return {"model": model, "input": {"messages": messages}, "parameters": parameters}


def decode(fields: Any, headers: dict[bytes, bytes] | None = None) -> DashScopeRequest:
    return decode_text(json.dumps(fields).encode(), headers or {})


def turns(*messages: dict[str, Any]) -> tuple[Turn, ...]:
    return decode(body(list(messages))).conversation().turns


def written(
    *blocks: Block, model: str = "qwen-plus", cap: int = 100, stream: bool = False, **more: Any
) -> Any:
    asked = Turn("user", blocks) if blocks else HELLO
    conversation = Conversation(turns=(asked,), **more)
    return from_conversation(conversation, model, output_cap=cap, stream=stream)


def parameters(**options: Any) -> Any:
    told = written(**options)["parameters"]
    assert told.pop("result_format") == "message"
    return told
