"""What a conversion costs grows with a conversation's length, not with its square."""

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

SECONDS = 12.0
"""Each of these took minutes, or ten seconds at the least, when it grew with the square."""
ASKED = Turn("user", (Text("a"),))
CALLED = Turn("assistant", (ToolUse("c", "f", "{}"),))


def one_side() -> None:
    [turn] = merge([ASKED] * 100_000)
    assert len(turn.blocks) == 100_000


def ids_alike() -> None:
    names = ["".join("éè"[int(bit)] for bit in f"{number:012b}") for number in range(4096)]
    calls = Turn("assistant", tuple(ToolUse(name, "f", "{}") for name in names))
    results = Turn("user", tuple(ToolResult(name, (Text("x"),)) for name in names))
    messages = fields_of(Conversation((ASKED, calls, results)), "claude-sonnet-4-5", 10)["messages"]
    assert len({call["id"] for call in messages[1]["content"]}) == 4096
    assert [call["id"] for call in messages[1]["content"]] == [
        result["tool_use_id"] for result in messages[2]["content"]
    ]


def files_alike() -> None:
    files = [Document("application/pdf", DATA, title="a")] * 8_000
    body = write_request(
        asking(Text("q"), *files), "anthropic.claude-sonnet-4-5-20250929-v1:0", output_cap=10
    )
    [message] = body["messages"]
    assert len({part["document"]["name"] for part in message["content"][1:]}) == 8_000


def results() -> None:
    decode([{"role": "tool", "tool_call_id": "c", "content": "a"}] * 20_000)


def results_by_name() -> None:
    names = [f"f{number}" for number in range(20_000)]
    calls = [{"id": name, "function": {"name": name}} for name in names]
    decode(
        [
            {"role": "assistant", "content": "", "tool_calls": calls},
            *({"role": "tool", "name": name, "content": "a"} for name in names),
        ]
    )


def decode(messages: list[dict[str, Any]]) -> None:
    asked = {"role": "user", "content": "a"}
    body = orjson.dumps({"model": "m", "input": {"messages": [asked, *messages]}})
    [*_, last] = decode_text(body, {}).conversation().turns
    assert len(last.blocks) == 20_000


def texts_of_a_result() -> None:
    told = Turn("user", (ToolResult("c", (Text("a" * 20),) * 200_000),))
    body = from_conversation(
        Conversation((ASKED, CALLED, told)), "qwen-plus", output_cap=10, stream=False
    )
    assert len(body["input"]["messages"][2]["content"]) == 4_000_000


def a_custom_call() -> None:
    calls = CustomCalls({"patch"})
    calls.restore([Began(0, ToolUse("c", "patch", '{"input":"'))])
    for _ in range(300_000):
        calls.restore([Grew(0, "a" * 20)])
    grown, ended = calls.restore([Grew(0, '"}'), Ended(0)])
    assert grown == Grew(0, "a" * 6_000_000)
    assert ended == Ended(0)


@pytest.mark.parametrize(
    "convert",
    [
        one_side,
        ids_alike,
        files_alike,
        results,
        results_by_name,
        texts_of_a_result,
        a_custom_call,
    ],
)
def test_a_long_conversation_is_converted_in_time(convert: Callable[[], None]) -> None:
    began = time.process_time()

    convert()

    assert time.process_time() - began < SECONDS
