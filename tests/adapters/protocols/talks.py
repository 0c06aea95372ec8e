"""Talks as callers send them in each protocol, and what makes one legal; for whoever trims them.

Every part of a talk says its own number, so that what is left can be told apart.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson
from hypothesis import strategies as st

from adapters.protocols.anthropic.request import decode_request as messages
from adapters.protocols.dashscope.request import decode_text
from adapters.protocols.inbound import InboundRequest
from adapters.protocols.openai_chat.request import decode_request as chat
from adapters.protocols.openai_responses.request import decode_request as responses

Item = dict[str, Any]
SYSTEM, USER, ANSWER, TOOL, LATE_TOOL = "system", "user", "answer", "tool", "late tool"
"""What a part of a talk may be; a late tool's result comes after the user has spoken again."""
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


@dataclass(frozen=True)
class Dialect:
    """How a protocol writes the parts of a talk."""

    name: str
    decode: Callable[[bytes, dict[bytes, bytes]], InboundRequest]
    call: Callable[[str], Item]
    result: Callable[[str, str], Item]
    body: Callable[[list[Item]], Item]
    place: tuple[str, ...] = ("messages",)
    tells: bool = True
    """Whether system messages may stand among the others."""
    late: bool = False
    """Whether the user may speak between a tool's call and its result."""

    def raw(self, items: list[Item]) -> bytes:
        return orjson.dumps(self.body(items))

    def items_in(self, raw: bytes) -> list[Item]:
        found: Any = orjson.loads(raw)
        for name in self.place:
            found = found[name]
        items: list[Item] = found
        return items

    def request(self, raw: bytes) -> InboundRequest:
        return self.decode(raw, {})


def _said(role: str, text: str) -> Item:
    return {"role": role, "content": text}


def _chat_call(name: str) -> Item:
    function = {"name": "f", "arguments": "{}"}
    call = {"id": name, "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _chat_result(name: str, text: str) -> Item:
    return {"role": "tool", "tool_call_id": name, "content": text}


def _block(role: str, **block: Any) -> Item:
    return {"role": role, "content": [block]}


CHAT = Dialect(
    "chat", chat, _chat_call, _chat_result, lambda m: {"model": "m", "messages": m, "tools": TOOLS}
)
MESSAGES = Dialect(
    "messages",
    messages,
    lambda name: _block("assistant", type="tool_use", id=name, name="f", input={}),
    lambda name, text: _block("user", type="tool_result", tool_use_id=name, content=text),
    lambda m: {
        "model": "m",
        "max_tokens": 9,
        "system": "Be brief.",
        "messages": m,
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    },
    tells=False,
)
RESPONSES = Dialect(
    "responses",
    responses,
    lambda name: {"type": "function_call", "call_id": name, "name": "f", "arguments": "{}"},
    lambda name, text: {"type": "function_call_output", "call_id": name, "output": text},
    lambda m: {"model": "m", "instructions": "Be brief.", "input": m},
    place=("input",),
    late=True,
)
DASHSCOPE = Dialect(
    "dashscope",
    decode_text,
    _chat_call,
    _chat_result,
    lambda m: {"model": "m", "input": {"messages": m}, "parameters": {"tools": TOOLS}},
    place=("input", "messages"),
)
DIALECTS = (CHAT, MESSAGES, RESPONSES, DASHSCOPE)


def written(dialect: Dialect, parts: list[tuple[str, int]]) -> list[Item]:
    """Write a talk: each part with so many words, and a question at its end."""
    numbers = count()
    waiting: list[Item] = []
    items: list[Item] = []
    for kind, words in [*parts, (USER, 3)]:
        text = f"#{next(numbers)} " + "word " * words
        if kind == SYSTEM and dialect.tells:
            items.append(_said("system", text))
        elif kind in {TOOL, LATE_TOOL}:
            name = f"call_{next(numbers)}"
            late = kind == LATE_TOOL and dialect.late
            items.append(dialect.call(name))
            (waiting if late else items).append(dialect.result(name, text))
        elif kind == ANSWER:
            items.append(_said("assistant", text))
        elif kind == USER:
            items += [_said("user", text), *waiting]
            waiting.clear()
    return items


KINDS = st.sampled_from([SYSTEM, USER, USER, ANSWER, ANSWER, TOOL, LATE_TOOL])
PARTS = st.lists(st.tuples(KINDS, st.integers(0, 80)), max_size=14)


def stays(item: Item) -> bool:
    return item.get("role") == "system"


def unpaired(items: list[Item]) -> set[str]:
    """Name tool calls without a result, and results without a call."""
    return set(_names(items, "call")) ^ set(_names(items, "result"))


def _names(items: list[Item], what: str) -> Iterator[str]:
    for item in items:
        if what == "call":
            yield from (call["id"] for call in item.get("tool_calls") or ())
            yield from (b["id"] for b in _blocks(item) if b["type"] == "tool_use")
        else:
            yield from ([item["tool_call_id"]] if "tool_call_id" in item else ())
            yield from (b["tool_use_id"] for b in _blocks(item) if b["type"] == "tool_result")
        kind = "function_call" if what == "call" else "function_call_output"
        if item.get("type") == kind:
            yield item["call_id"]


def _blocks(item: Item) -> list[Item]:
    content = item.get("content")
    return content if isinstance(content, list) else []
