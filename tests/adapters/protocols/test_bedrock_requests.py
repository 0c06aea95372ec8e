"""Conversations as Converse takes them: nothing lost, nothing invented, or refused by name."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from adapters.protocols.bedrock.from_conversation import write_request
from adapters.protocols.canonical.blocks import (
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from adapters.protocols.canonical.conversation import Conversation, Format, Turn
from domain.errors import InvalidRequestError, UnsupportedParameterError
from tests.adapters.protocols.some_conversations import (
    DATA,
    GOLDEN,
    WEATHER,
    asking,
    conversations,
)
from tests.adapters.protocols.vendor_models import Json, assert_converse_takes

CLAUDE, NOVA, LLAMA = (
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "amazon.nova-pro-v1:0",
    "meta.llama3-3-70b-instruct-v1:0",
)
CALL = ToolUse("call_1", "look", "{}")


def written(conversation: Conversation, model: str = CLAUDE, cap: int = 100) -> Json:
    body = write_request(conversation, model, output_cap=cap)
    assert_converse_takes(body)
    return body


def refused(conversation: Conversation, model: str = CLAUDE) -> str | None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        write_request(conversation, model, output_cap=100)
    return refusal.value.param


def test_the_golden_conversation_is_written_as_the_reference_has_it() -> None:
    call = {"toolUseId": "call_1", "name": "get_weather", "input": {"city": "Paris"}}
    result = {"toolUseId": "call_1", "content": [{"text": "18C"}], "status": "success"}
    spec = {"name": "get_weather", "description": "d", "inputSchema": {"json": WEATHER}}
    assert written(GOLDEN) == {
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "Weather in Paris?"}]},
            {"role": "assistant", "content": [{"toolUse": call}]},
            {"role": "user", "content": [{"toolResult": result}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": spec}], "toolChoice": {"auto": {}}},
        "inferenceConfig": {"maxTokens": 100},
    }


@given(conversations())
def test_any_conversation_is_taken_by_amazons_own_validator(conversation: Conversation) -> None:
    body = written(replace(conversation, reasoning=None))
    calls = [
        block["toolUse"]
        for message in body["messages"]
        for block in message["content"]
        if "toolUse" in block
    ]
    results = [
        block["toolResult"]
        for message in body["messages"]
        for block in message["content"]
        if "toolResult" in block
    ]
    asked = [block for turn in conversation.turns for block in turn.blocks]
    assert [call["input"] for call in calls] == [
        json.loads(block.arguments) for block in asked if isinstance(block, ToolUse)
    ]
    assert [call["toolUseId"] for call in calls] == [result["toolUseId"] for result in results]
    # Two calls that the caller tells apart stay apart.
    ids = {block.id for block in asked if isinstance(block, ToolUse)}
    assert len({call["toolUseId"] for call in calls}) == len(ids)


def test_sampling_and_stops_have_their_place() -> None:
    options = {"temperature": 0.5, "top_p": 0.9, "user": "u"}
    assert written(asking(options=options, stop=("a",)))["inferenceConfig"] == {
        "maxTokens": 100,
        "temperature": 0.5,
        "topP": 0.9,
        "stopSequences": ["a"],
    }


def test_a_temperature_beyond_the_scale_is_refused() -> None:
    body = written(asking(options={"temperature": 1}))
    assert body["inferenceConfig"]["temperature"] == 1
    assert refused(asking(options={"temperature": 1.1})) == "temperature"


def test_top_k_is_said_in_each_vendors_own_words() -> None:
    asked = asking(options={"top_k": 7})
    assert written(asked)["additionalModelRequestFields"] == {"top_k": 7}
    assert written(asked, NOVA)["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 7}}
    assert refused(asked, LLAMA) == "top_k"


@pytest.mark.parametrize(
    "options", [{"temperature": 0.5}, {"top_p": 0.9}, {"top_k": 7}, {"temperature": 0}]
)
def test_newer_claudes_take_no_sampling_but_their_defaults(options: Json) -> None:
    newest = "anthropic.claude-opus-5-v1"
    assert refused(asking(options=options), newest) == next(iter(options))
    body = written(asking(options={"temperature": 1, "top_p": 1, "top_k": None}), newest)
    assert body["inferenceConfig"] == {"maxTokens": 100}


@pytest.mark.parametrize("name", ["seed", "logit_bias", "presence_penalty", "logprobs"])
def test_an_option_without_a_place_is_refused_by_name(name: str) -> None:
    assert refused(asking(options={name: 1})) == name


def test_service_tiers_go_on_if_amazon_has_them() -> None:
    assert "serviceTier" not in written(asking(options={"service_tier": "auto"}))
    body = written(asking(options={"service_tier": "priority"}))
    assert body["serviceTier"] == {"type": "priority"}
    assert refused(asking(options={"service_tier": "fast"})) == "service_tier"


def test_what_the_system_says_midway_joins_the_system_and_blank_text_is_left_out() -> None:
    turns = (
        Turn("user", (Text("one"), Text("  "))),
        Turn("system", (Text("two"),)),
        Turn("assistant", (Text("\n"),)),
        Turn("user", (Text("three"),)),
    )
    body = written(Conversation(turns, system=(Text("zero"), Text(" "))))

    assert body["system"] == [{"text": "zero"}, {"text": "two"}]
    assert body["messages"] == [{"role": "user", "content": [{"text": "one"}, {"text": "three"}]}]


def test_a_system_that_shows_pictures_is_refused() -> None:
    picture = Turn("system", (Image("image/png", DATA),))
    assert refused(Conversation((*asking().turns, picture))) == "system"


def test_marks_of_a_prefix_follow_what_they_end() -> None:
    marked = asking(Text("a", "1h"), Text("b"), Image("image/png", DATA, cache="5m"))
    point, hour = {"type": "default"}, {"type": "default", "ttl": "1h"}
    image = {"image": {"format": "png", "source": {"bytes": DATA}}}

    assert written(marked)["messages"][0]["content"] == [
        {"text": "a"}, {"cachePoint": hour}, {"text": "b"}, image, {"cachePoint": point},
    ]  # fmt: skip
    # Nova keeps everything equally long, others keep nothing.
    assert written(marked, NOVA)["messages"][0]["content"][1] == {"cachePoint": point}
    assert {"cachePoint": point} not in written(marked, LLAMA)["messages"][0]["content"]
    system = asking(system=(Text("s", "5m"),))
    assert written(system)["system"] == [{"text": "s"}, {"cachePoint": point}]


def test_the_models_own_words_go_back_in_their_order() -> None:
    said = (
        Thinking("mine", "c2ln", "bedrock"),
        RedactedThinking(DATA, "bedrock"),
        Thinking("another's", "c2ln", "anthropic"),
        Thinking("unsigned", None, "bedrock"),
        RedactedThinking(DATA, "anthropic"),
        Text("text"),
        Refusal("no"),
    )
    turns = (*asking().turns, Turn("assistant", said), *asking().turns)

    assert written(Conversation(turns))["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "mine", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": DATA}},
        {"text": "text"},
        {"text": "no"},
    ]


def answered(result: ToolResult, call_id: str = "call_1") -> tuple[Json, Json]:
    call = ToolUse(call_id, "look", "{}")
    turns = (*asking().turns, Turn("assistant", (call,)), Turn("user", (result,)))
    messages = written(Conversation(turns))["messages"]
    return messages[1]["content"][0]["toolUse"], messages[2]["content"][0]["toolResult"]


def test_a_result_keeps_its_parts_and_says_whether_it_failed() -> None:
    parts = (Text("see"), Text(" "), Image("image/png", DATA))
    _, result = answered(ToolResult("call_1", parts, is_error=True))

    image = {"image": {"format": "png", "source": {"bytes": DATA}}}
    assert result == {
        "toolUseId": "call_1",
        "content": [{"text": "see"}, image],
        "status": "error",
    }


@pytest.mark.parametrize("call_id", ["a" * 65, "call 1", "", "é"])
def test_an_id_that_converse_does_not_take_is_the_same_other_one_everywhere(call_id: str) -> None:
    call, result = answered(ToolResult(call_id, ()), call_id)

    assert call["toolUseId"] == result["toolUseId"] != call_id


@pytest.mark.parametrize(
    "turns",
    [
        (Turn("assistant", (Text("Hi"),)), Turn("user", (Text("Hi"),))),
        (Turn("user", (Text(" \n"),)),),
        (Turn("system", (Text("alone"),)),),
    ],
    ids=["the model begins", "nothing said", "only the system"],
)
def test_a_conversation_that_cannot_be_is_refused(turns: Any) -> None:
    assert refused(Conversation(turns)) == "turns"


def test_arguments_that_are_no_object_are_refused() -> None:
    turns = (*asking().turns, Turn("assistant", (ToolUse("a", "look", "[1]"),)))
    with pytest.raises(InvalidRequestError):
        write_request(Conversation(turns), CLAUDE, output_cap=1)


def test_a_schema_is_asked_for_as_text_and_json_without_one_refused() -> None:
    body = written(asking(format=Format(WEATHER, "weather", "d")))
    told = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]

    assert body["outputConfig"]["textFormat"]["type"] == "json_schema"
    assert (told["name"], told["description"]) == ("weather", "d")
    # Amazon takes closed schemas only, as Anthropic does.
    assert json.loads(told["schema"]) == {**WEATHER, "additionalProperties": False}
    plain = written(asking(format=Format(WEATHER)))["outputConfig"]["textFormat"]["structure"]
    assert "description" not in plain["jsonSchema"]
    assert refused(asking(format=Format())) == "format"
