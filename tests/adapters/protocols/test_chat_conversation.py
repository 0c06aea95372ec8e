"""A chat request in canonical form: nothing is lost, and what has no place is refused by name."""

import json
from typing import Any

import pytest

from adapters.protocols.canonical.blocks import (
    Audio,
    Document,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from adapters.protocols.canonical.conversation import (
    Conversation,
    Format,
    Reasoning,
    Tool,
    ToolChoice,
    Turn,
)
from adapters.protocols.openai_chat.request import decode_request

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
}
ASKED = {"role": "user", "content": "Weather in Paris?"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}


def read(**fields: Any) -> Conversation:
    fields.setdefault("messages", [ASKED])
    return decode_request(json.dumps({"model": "m", **fields}).encode()).conversation()


def blocks_of(*messages: dict[str, Any]) -> tuple[Any, ...]:
    return read(messages=[ASKED, *messages]).turns[-1].blocks


def test_the_tool_conversation_of_every_dialect() -> None:
    """The golden vector of wire-facts §7."""
    read_ = read(
        max_completion_tokens=100,
        messages=[
            {"role": "system", "content": "Be brief."},
            ASKED,
            CALLED,
            {"role": "tool", "tool_call_id": "call_1", "content": "18C"},
        ],
        tools=[
            {
                "type": "function",
                "function": {"name": "get_weather", "description": "d", "parameters": SCHEMA},
            }
        ],
        tool_choice="auto",
    )

    assert read_.system == (Text("Be brief."),)
    assert read_.turns == (
        Turn("user", (Text("Weather in Paris?"),)),
        Turn("assistant", (ToolUse("call_1", "get_weather", '{"city":"Paris"}'),)),
        Turn("user", (ToolResult("call_1", (Text("18C"),)),)),
    )
    assert read_.tools == (Tool("get_weather", "d", SCHEMA),)
    assert read_.tool_choice == ToolChoice("auto")
    assert read_.options == {}


def test_every_kind_of_part_becomes_its_block() -> None:
    parts = [
        {"type": "text", "text": "a"},
        {"type": "text", "text": ""},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "HTTPS://a.example/b.png"}},
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE"}},
        {"type": "file", "file": {"file_data": "data:text/csv;base64,YQ==", "filename": "a.csv"}},
    ]

    assert read(messages=[{"role": "user", "content": parts}]).turns[0].blocks == (
        Text("a"),
        Image("image/png", "iVBO", detail="low"),
        Image(url="HTTPS://a.example/b.png"),
        Audio("wav", "UklG"),
        Document("application/pdf", "JVBE"),
        Document("text/csv", "YQ==", title="a.csv"),
    )


@pytest.mark.parametrize(
    ("mark", "cache"),
    [
        ({"prompt_cache_breakpoint": {"mode": "explicit"}}, "5m"),
        ({"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}, "5m"),
        ({"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}, "1h"),
        ({"cache_control": {"type": "ephemeral", "ttl": "1h"}}, "1h"),
        ({"cache_control": None}, None),
    ],
)
def test_a_mark_for_caching_stays_where_it_is(mark: dict[str, Any], cache: str | None) -> None:
    part = {"type": "text", "text": "a", **mark}

    assert read(messages=[{"role": "user", "content": [part]}]).turns[0].blocks == (
        Text("a", cache),
    )


def test_what_the_model_said_keeps_its_order() -> None:
    google = {"google": {"thought_signature": "c2ln"}}
    message = {
        "role": "assistant",
        "reasoning_content": "hm",
        "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}],
        "refusal": "c",
        "tool_calls": [
            {**CALL, "index": 0, "extra_content": google},
            {"id": "call_2", "type": "custom", "custom": {"name": "note", "input": "free"}},
        ],
    }

    assert blocks_of(message) == (
        Thinking("hm"),
        Text("a"),
        Refusal("b"),
        Refusal("c"),
        ToolUse("call_1", "get_weather", '{"city":"Paris"}', "c2ln", "gemini"),
        ToolUse("call_2", "note", "free", custom=True),
    )


def test_details_of_thoughts_bring_their_signatures_back() -> None:
    details = [
        {"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic"},
        {"type": "reasoning.encrypted", "data": "x", "format": "anthropic", "index": 1},
    ]
    message = {"role": "assistant", "content": "a", "reasoning_details": details}

    assert blocks_of({**message, "reasoning_content": "hm"}) == (
        Thinking("hm", "s", "anthropic"),
        RedactedThinking("x", "anthropic"),
        Text("a"),
    )


def test_results_of_parallel_calls_and_what_the_user_says_then_are_one_turn() -> None:
    other = {**CALL, "id": "call_2"}
    turns = read(
        messages=[
            ASKED,
            {**CALLED, "tool_calls": [CALL, other]},
            {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "b"}]},
            {"role": "tool", "tool_call_id": "call_1", "content": ""},
            {"role": "user", "content": "And?"},
        ]
    ).turns

    assert turns[-1] == Turn(
        "user", (ToolResult("call_2", (Text("b"),)), ToolResult("call_1", ()), Text("And?"))
    )


def test_system_messages_lead_or_stay_in_their_place() -> None:
    read_ = read(
        messages=[
            {"role": "system", "content": "a"},
            {"role": "developer", "content": [{"type": "text", "text": "b"}]},
            {**ASKED, "name": "Ann"},
            {"role": "developer", "content": "c"},
            {"role": "assistant", "content": ""},
            ASKED,
        ]
    )

    assert read_.system == (Text("a"), Text("b"))
    assert [turn.role for turn in read_.turns] == ["user", "system", "user"]


@pytest.mark.parametrize(
    ("choice", "canonical"),
    [
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice("required", ("f",))),
        ({"type": "custom", "custom": {"name": "g"}}, ToolChoice("required", ("g",))),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "auto",
                    "tools": [
                        {"type": "function", "function": {"name": "f"}},
                        {"type": "custom", "custom": {"name": "g"}},
                    ],
                },
            },
            ToolChoice("auto", ("f", "g")),
        ),
        (None, None),
    ],
)
def test_a_choice_of_tools(choice: Any, canonical: ToolChoice | None) -> None:
    assert read(tool_choice=choice).tool_choice == canonical


def test_tools_of_both_kinds() -> None:
    grammar = {"definition": "start: /a/", "syntax": "lark"}
    tools = [
        {"type": "function", "function": {"name": "f", "strict": True}, "cache_control": {}},
        {"type": "custom", "custom": {"name": "g", "description": "d"}},
        {
            "type": "custom",
            "custom": {"name": "h", "format": {"type": "grammar", "grammar": grammar}},
        },
        {"type": "custom", "custom": {"name": "i", "format": {"type": "text"}}},
    ]

    assert read(tools=tools, parallel_tool_calls=False).tools == (
        Tool("f", strict=True, cache="5m"),
        Tool("g", "d", custom=True),
        Tool("h", custom=True, grammar=grammar),
        Tool("i", custom=True),
    )


@pytest.mark.parametrize(
    ("fields", "format_"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, Format()),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "w", "schema": SCHEMA, "strict": True, "description": "d"},
            },
            Format(SCHEMA, "w", "d", True),
        ),
    ],
)
def test_the_form_of_the_answer(fields: Any, format_: Format | None) -> None:
    assert read(response_format=fields).format == format_


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({}, None),
        ({"reasoning_effort": "high"}, Reasoning(effort="high")),
        ({"reasoning_effort": "none"}, Reasoning(enabled=False, effort="none")),
        ({"enable_thinking": False}, Reasoning(enabled=False)),
        ({"enable_thinking": False, "reasoning_effort": "low"}, Reasoning(effort="low")),
    ],
)
def test_how_much_to_think(fields: dict[str, Any], reasoning: Reasoning | None) -> None:
    assert read(**fields).reasoning == reasoning


def test_options_that_say_something_are_kept_and_those_that_do_not_are_not() -> None:
    quiet = {
        "n": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "logprobs": False,
        "logit_bias": {},
        "service_tier": "auto",
        "store": False,
        "modalities": ["text"],
        "client_metadata": {"a": "b"},
    }

    read_ = read(**quiet, temperature=0, seed=7, top_logprobs=0, stop="x", user="u")

    assert read_.options == {"temperature": 0, "seed": 7, "user": "u"}
    assert read_.stop == ("x",)
    assert read(stop=["x", "y"]).stop == ("x", "y")


def test_arguments_left_empty_are_an_empty_object() -> None:
    [call] = blocks_of(
        {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": " "}}]}
    )

    assert call == ToolUse("call_1", "f", "{}")
