"""Programs that write code: a turn with a tool and its result, sent as such a program sends it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.scripted_upstream import echo, stream, tool_call, usage_of
from tests.sdk.houses import visited
from tests.sdk.shop import QUESTION, House, Shop
from tests.upstreams import anthropic_answers as claude
from tests.upstreams.anthropic_answers import Said

EPHEMERAL: Any = {"cache_control": {"type": "ephemeral"}}
FILE = {"path": "main.py"}
SCHEMA: Any = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
CLAUDE_CODE = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,"
    "context-management-2025-06-27,effort-2025-11-24",
    "user-agent": "claude-cli/2.1.197 (external, cli)",
    "x-app": "cli",
}
TURN: Any = {
    "max_tokens": 32_000,
    "stream": True,
    "system": [
        {"type": "text", "text": "You may read files."},
        {"type": "text", "text": "<env/>", **EPHEMERAL},
    ],
    "metadata": {"user_id": "user_1_account__session_2"},
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "medium"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "tools": [
        {"name": "Read", "description": "Reads a file.", "input_schema": SCHEMA, **EPHEMERAL}
    ],
}
ASKED: Any = {"role": "user", "content": [{"type": "text", "text": "one two three", **EPHEMERAL}]}


@pytest.fixture
def anthropics(claude_house: House) -> Iterator[Shop]:
    with visited(claude_house) as shop:
        yield shop


def events_of(shop: Shop, model: str, *messages: Any) -> list[Any]:
    headers = {"Authorization": f"Bearer {shop.customer.api_key}", **CLAUDE_CODE}
    body = {"model": model, **TURN, "messages": [ASKED, *messages]}
    answer = shop.http().post("/v1/messages?beta=true", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    lines = [line for line in answer.text.split("\n") if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def of(events: list[Any], kind: str) -> list[Any]:
    return [event for event in events if event["type"] == kind]


@pytest.mark.parametrize("model", ["claude", "gpt"])
def test_claude_code_reads_a_file_and_answers(anthropics: Shop, model: str) -> None:
    if model == "claude":
        calls = [("toolu_1", "Read", FILE)]
        called = claude.message(Said(text=(), calls=calls, usage=claude.usage_of(40, 12)))
        seen = claude.message(Said(text=("four five",), usage=claude.usage_of(50, 2)))
        anthropics.house.upstreams["claude"].script(called, seen)
    else:
        calls = [tool_call("Read", FILE, "toolu_1")]
        anthropics.house.upstreams["chat"].script(
            stream([], tool_calls=calls, usage=usage_of(40, 12))
        )

    events = events_of(anthropics, model)
    (block,) = [event["content_block"] for event in of(events, "content_block_start")]
    pieces = [event["delta"]["partial_json"] for event in of(events, "content_block_delta")]
    assert (block["type"], block["name"], json.loads("".join(pieces))) == ("tool_use", "Read", FILE)
    assert of(events, "message_delta")[-1]["delta"]["stop_reason"] == "tool_use"

    used = {"type": "tool_use", "id": block["id"], "name": "Read", "input": FILE}
    told = {"type": "tool_result", "tool_use_id": block["id"], "content": "four five"}
    messages = [{"role": "assistant", "content": [used]}, {"role": "user", "content": [told]}]
    events = events_of(anthropics, model, *messages)
    said = [event["delta"].get("text", "") for event in of(events, "content_block_delta")]
    assert "".join(said).endswith("four five")
    assert of(events, "message_delta")[-1]["delta"]["stop_reason"] == "end_turn"
    sent = anthropics.house.upstreams["claude" if model == "claude" else "chat"].requests[-1].json
    assert (sent["tools"] != [], "four five" in json.dumps(sent["messages"][-1])) == (True, True)
    assert [call.charged["basis"] for call in anthropics.calls(2)] == ["reported"] * 2


def test_an_editor_of_openais_protocol_reads_a_file_and_answers(shop: Shop) -> None:
    tools: Any = [{"type": "function", "function": {"name": "read_file", "parameters": SCHEMA}}]
    call = tool_call("read_file", FILE, "call_1")
    shop.upstream.script(stream([], tool_calls=[call], usage=usage_of(40, 12)), echo())
    client = shop.client("/openai/v1")

    def ask(*messages: Any) -> Any:
        with client.chat.completions.stream(
            model="small", messages=[*QUESTION, *messages], tools=tools
        ) as events:
            return events.until_done().get_final_completion().choices[0]

    first = ask()
    (asked,) = first.message.tool_calls
    assert (first.finish_reason, json.loads(asked.function.arguments)) == ("tool_calls", FILE)
    told = {"role": "tool", "tool_call_id": asked.id, "content": "four five"}
    second = ask(first.message.to_dict(exclude_none=True), told)

    assert (second.finish_reason, second.message.content[-9:]) == ("stop", "four five")
    assert shop.upstream.requests[1].json["messages"][-1] == told
    assert [call.charged["basis"] for call in shop.calls(2)] == ["reported"] * 2
