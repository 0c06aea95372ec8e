"""A DashScope request in canonical form, and what of it no other protocol can carry."""

from typing import Any

import pytest

from adapters.protocols.canonical.blocks import Audio, Image, Text, Thinking, ToolResult, ToolUse
from adapters.protocols.canonical.conversation import Format, Reasoning, ToolChoice, Turn
from domain.errors import InvalidRequestError, UnsupportedParameterError
from tests.adapters.protocols.dashscope_bodies import (
    ASKED,
    CALLED,
    PICTURE,
    TOOL,
    body,
    decode,
    turns,
)


def test_a_conversation_is_read_in_its_order() -> None:
    assert turns(
        {"role": "user", "content": [{"text": "Hello.", "cache_control": {"type": "ephemeral"}}]},
        {**CALLED, "reasoning_content": "Hm.", "content": "Let me see."},
        {"role": "tool", "content": "18C", "tool_call_id": "call_1"},
    ) == (
        Turn("user", (Text("Hello.", "5m"),)),
        Turn(
            "assistant",
            (
                Thinking("Hm."),
                Text("Let me see."),
                ToolUse("call_1", "get_weather", '{"city":"Paris"}'),
            ),
        ),
        Turn("user", (ToolResult("call_1", (Text("18C"),)),)),
    )


def test_history_and_prompt_are_turns_too() -> None:
    told = {"prompt": "What now?", "history": [{"user": "Hello.", "bot": "Hi."}, {"user": "So?"}]}
    conversation = decode({"model": "m", "input": told}).conversation()

    said = [(turn.role, turn.blocks) for turn in conversation.turns]
    assert said == [
        ("user", (Text("Hello."),)),
        ("assistant", (Text("Hi."),)),
        ("user", (Text("So?"),)),
        ("user", (Text("What now?"),)),
    ]


def test_only_the_systems_first_words_are_the_systems() -> None:
    system: Any = {"role": "system", "content": "Be brief."}
    conversation = decode(body([system, *ASKED, system])).conversation()

    assert conversation.system == (Text("Be brief."),)
    assert [turn.role for turn in conversation.turns] == ["user", "system"]


def test_pictures_and_sounds_are_read() -> None:
    parts = [
        {"image": PICTURE},
        {"image": "https://a/b.png"},
        {"audio": "data:audio/wav;base64,aa"},
    ]

    assert turns({"role": "user", "content": parts})[0].blocks == (
        Image("image/png", "iVBORw0KGgo="),
        Image(url="https://a/b.png"),
        Audio("wav", "aa"),
    )


def test_results_of_parallel_calls_are_one_turn_and_found_by_name_where_they_have_no_id() -> None:
    other = {"id": "call_2", "function": {"name": "add", "arguments": ""}}
    called = {"role": "assistant", "tool_calls": [CALLED["tool_calls"][0], other]}
    results = (
        {"role": "tool", "name": "add", "content": "3"},
        {"role": "tool", "name": "get_weather", "content": [{"text": "18C"}]},
    )

    assistant, told = turns(called, *results)

    assert assistant.blocks[1] == ToolUse("call_2", "add", "{}")
    assert told.blocks == (
        ToolResult("call_2", (Text("3"),)),
        ToolResult("call_1", (Text("18C"),)),
    )


def test_options_keep_their_names_and_say_how_the_caller_calls_them() -> None:
    schema = {"name": "n", "schema": {"type": "object"}, "strict": True}
    conversation = decode(
        body(
            tools=[TOOL],
            tool_choice={"type": "function", "function": {"name": "get_weather"}},
            parallel_tool_calls=False,
            response_format={"type": "json_schema", "json_schema": schema},
            enable_thinking=True,
            thinking_budget=50,
            stop=["END"],
            temperature=0.5,
            repetition_penalty=1.1,
        )
    ).conversation()

    assert conversation.tool_choice == ToolChoice("required", ("get_weather",))
    assert conversation.parallel_tools is False
    assert conversation.format == Format({"type": "object"}, "n", strict=True)
    assert conversation.reasoning == Reasoning(budget=50)
    assert conversation.stop == ("END",)
    assert conversation.options == {"temperature": 0.5, "repetition_penalty": 1.1}
    with pytest.raises(UnsupportedParameterError) as refused:
        conversation.check_options({"temperature"})
    assert refused.value.param == "parameters.repetition_penalty"


@pytest.mark.parametrize(
    ("kind", "read"),
    [("text", None), ("json_object", Format())],
)
def test_simple_formats_are_read(kind: str, read: Format | None) -> None:
    conversation = decode(body(response_format={"type": kind}, tool_choice="auto")).conversation()

    assert conversation.format == read
    assert conversation.tool_choice == ToolChoice("auto")


def user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        (body(n=2), "parameters.n"),
        (body(logprobs=True), "parameters.logprobs"),
        (body(top_logprobs=2), "parameters.top_logprobs"),
        (body(result_format="text", tools=[TOOL]), "parameters.result_format"),
        (body(stop=[[1, 2]]), "parameters.stop"),
        (body(stop=[1, 2]), "parameters.stop"),
        (body(user({"video": "https://v"})), "input.messages[0].content[0].video"),
        (body(user({"image": PICTURE, "min_pixels": 9})),
         "input.messages[0].content[0].min_pixels"),
        (body(user({"image": "data:image/png,raw"})), "input.messages[0].content[0].image"),
        (body(user({"audio": "https://a.wav"})), "input.messages[0].content[0].audio"),
        (body([{"role": "system", "content": [{"image": PICTURE}]}, *ASKED]),
         "input.messages[0].content[0]"),
        (body([*ASKED, {"role": "assistant", "content": "a", "partial": True}]),
         "input.messages[1].partial"),
        (body([*ASKED, CALLED, {"role": "tool", "name": "other", "content": "x"}]),
         "input.messages[2].tool_call_id"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_is_named(fields: Any, param: str) -> None:
    request = decode(fields)

    with pytest.raises(InvalidRequestError) as refused:
        request.conversation()

    assert refused.value.param == param
