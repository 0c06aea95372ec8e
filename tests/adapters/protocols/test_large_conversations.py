"""What a conversion costs grows with a conversation's length, not with its square."""

import gc
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from adapters.protocols.anthropic.from_conversation import fields_of
from adapters.protocols.bedrock.from_conversation import write_request
from adapters.protocols.canonical.blocks import Document, Text, ToolResult, ToolUse
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.canonical.custom_tools import CustomCalls
from adapters.protocols.canonical.events import Began, Ended, Grew
from adapters.protocols.canonical.turns import merge
from adapters.protocols.dashscope.from_conversation import from_conversation
from adapters.protocols.dashscope.request import decode_text
from tests.adapters.protocols.some_conversations import DATA, asking

LONGER = 4
"""A conversation so much longer costs so much more; 16 times as much if it grew with the square."""
RATIO = 9.0
TRIES = 3
ASKED = Turn("user", (Text("a"),))
CALLED = Turn("assistant", (ToolUse("c", "f", "{}"),))


def one_side(length: int) -> None:
    [turn] = merge([ASKED] * length * 10)
    assert len(turn.blocks) == length * 10


def ids_alike(length: int) -> None:
    names = ["".join("éè"[int(bit)] for bit in f"{number:016b}") for number in range(length)]
    calls = Turn("assistant", tuple(ToolUse(name, "f", "{}") for name in names))
    results = Turn("user", tuple(ToolResult(name, (Text("x"),)) for name in names))
    messages = fields_of(Conversation((ASKED, calls, results)), "claude-sonnet-4-5", 10)["messages"]
    assert len({call["id"] for call in messages[1]["content"]}) == length
    assert [call["id"] for call in messages[1]["content"]] == [
        result["tool_use_id"] for result in messages[2]["content"]
    ]


def files_alike(length: int) -> None:
    files = [Document("application/pdf", DATA, title="a")] * length
    body = write_request(
        asking(Text("q"), *files), "anthropic.claude-sonnet-4-5-20250929-v1:0", output_cap=10
    )
    [message] = body["messages"]
    assert len({part["document"]["name"] for part in message["content"][1:]}) == length


def results(length: int) -> None:
    decode([{"role": "tool", "tool_call_id": "c", "content": "a"}] * length, length)


def results_by_name(length: int) -> None:
    names = [f"f{number}" for number in range(length)]
    calls = [{"id": name, "function": {"name": name}} for name in names]
    decode(
        [
            {"role": "assistant", "content": "", "tool_calls": calls},
            *({"role": "tool", "name": name, "content": "a"} for name in names),
        ],
        length,
    )


def decode(messages: list[dict[str, Any]], length: int) -> None:
    asked = {"role": "user", "content": "a"}
    body = orjson.dumps({"model": "m", "input": {"messages": [asked, *messages]}})
    [*_, last] = decode_text(body, {}).conversation().turns
    assert len(last.blocks) == length


def texts_of_a_result(length: int) -> None:
    told = Turn("user", (ToolResult("c", (Text("a" * 20),) * length * 10),))
    body = from_conversation(
        Conversation((ASKED, CALLED, told)), "qwen-plus", output_cap=10, stream=False
    )
    assert len(body["input"]["messages"][2]["content"]) == 200 * length


def a_custom_call(length: int) -> None:
    calls = CustomCalls({"patch"})
    calls.restore([Began(0, ToolUse("c", "patch", '{"input":"'))])
    for _ in range(length * 10):
        calls.restore([Grew(0, "a" * 20)])
    grown, ended = calls.restore([Grew(0, '"}'), Ended(0)])
    assert grown == Grew(0, "a" * 200 * length)
    assert ended == Ended(0)


def seconds(convert: Callable[[int], None], length: int) -> float:
    """The least CPU that a conversion took; the collector's share grows for reasons of its own."""
    taken: list[float] = []
    for _ in range(TRIES):
        gc.disable()
        try:
            began = time.process_time()
            convert(length)
            taken.append(time.process_time() - began)
        finally:
            gc.enable()
    return min(taken)


@pytest.mark.parametrize(
    ("convert", "length"),
    [
        (one_side, 5_000),
        (ids_alike, 4_000),
        (files_alike, 2_000),
        (results, 5_000),
        (results_by_name, 5_000),
        (texts_of_a_result, 5_000),
        (a_custom_call, 5_000),
    ],
)
def test_a_longer_conversation_costs_no_more_than_its_length(
    convert: Callable[[int], None], length: int
) -> None:
    assert seconds(convert, LONGER * length) < RATIO * seconds(convert, length)
