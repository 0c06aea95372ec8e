"""Conversations as Gemini takes them: nothing lost, nothing invented, or refused by name."""

from typing import Any

import pytest
from hypothesis import given

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
    Tool,
    Turn,
)
from adapters.protocols.gemini.from_conversation import write_request
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.some_conversations import (
    DATA,
    GOLDEN,
    WEATHER,
    asking,
    conversations,
)
from tests.adapters.protocols.vendor_models import Json, assert_gemini_takes

NEW, OLD = "gemini-3-flash", "gemini-2.5-flash"
CALL = ToolUse("call_1", "look", "{}")
TOOLS = (Tool("look"), Tool("get_weather", "d", WEATHER))


def written(conversation: Conversation, model: str = NEW, cap: int = 100) -> Json:
    body = write_request(conversation, model, output_cap=cap)
    assert_gemini_takes(body)
    return body


def parts_of(*blocks: Any, model: str = NEW) -> Any:
    return written(asking(*blocks), model)["contents"][0]["parts"]


def refused(conversation: Conversation, model: str = NEW) -> str | None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        write_request(conversation, model, output_cap=100)
    return refusal.value.param


CALLED = {"id": "call_1", "name": "get_weather", "args": {"city": "Paris"}}
RESULT = {"id": "call_1", "name": "get_weather", "response": {"output": "18C"}}
SIGNED = {"functionCall": CALLED, "thoughtSignature": "skip_thought_signature_validator"}
DECLARED = {"name": "get_weather", "description": "d", "parametersJsonSchema": WEATHER}


def test_the_golden_conversation_is_written_as_the_reference_has_it() -> None:
    assert written(GOLDEN, NEW) == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Weather in Paris?"}]},
            {"role": "model", "parts": [SIGNED]},
            {"role": "user", "parts": [{"functionResponse": RESULT}]},
        ],
        "tools": [{"functionDeclarations": [DECLARED]}],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {"maxOutputTokens": 100},
    }


@given(conversations())
def test_any_conversation_is_taken_by_googles_own_models(conversation: Conversation) -> None:
    body = written(conversation, NEW)

    names = [
        part["functionCall"]["id"]
        for content in body["contents"]
        for part in content["parts"]
        if "functionCall" in part
    ]
    asked = [block for turn in conversation.turns for block in turn.blocks]
    assert names == [block.id for block in asked if isinstance(block, ToolUse)]
    answered = [
        part["functionResponse"]["id"]
        for content in body["contents"]
        for part in content["parts"]
        if "functionResponse" in part
    ]
    assert answered == [block.tool_use_id for block in asked if isinstance(block, ToolResult)]


def test_every_option_has_its_place() -> None:
    options = {
        "temperature": 1.5,
        "top_p": 0.5,
        "top_k": 7,
        "seed": 3,
        "presence_penalty": 0.1,
        "frequency_penalty": -0.1,
        "user": "u",
    }
    body = written(asking(options=options, stop=("a", "b")))

    assert body["generationConfig"] == {
        "maxOutputTokens": 100,
        "temperature": 1.5,
        "topP": 0.5,
        "topK": 7,
        "seed": 3,
        "presencePenalty": 0.1,
        "frequencyPenalty": -0.1,
        "stopSequences": ["a", "b"],
    }


@pytest.mark.parametrize("name", ["logit_bias", "logprobs", "prediction", "n"])
def test_an_option_without_a_place_is_refused_by_name(name: str) -> None:
    assert refused(asking(options={name: 1})) == name


def test_a_sixth_stop_sequence_is_refused() -> None:
    assert refused(asking(stop=tuple("abcdef"), names={"stop": "stop_sequences"})) == (
        "stop_sequences"
    )


def test_service_tiers_go_on_if_google_has_them() -> None:
    assert "serviceTier" not in written(asking(options={"service_tier": "auto"}))
    assert written(asking(options={"service_tier": "flex"}))["serviceTier"] == "flex"
    assert refused(asking(options={"service_tier": "scale"})) == "service_tier"


def test_what_the_system_says_midway_joins_the_system_instruction() -> None:
    turns = (
        Turn("user", (Text("one"),)),
        Turn("system", (Text("two"),)),
        Turn("user", (Text("three"),)),
    )
    body = written(Conversation(turns, system=(Text("zero"), Text(""))))

    assert body["systemInstruction"] == {"parts": [{"text": "zero"}, {"text": "two"}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "one"}, {"text": "three"}]}]


def test_a_system_that_shows_pictures_is_refused() -> None:
    picture = Turn("system", (Image("image/png", DATA),))
    assert refused(Conversation((*asking().turns, picture))) == "system"


def test_pictures_sounds_and_files_are_sent_inline() -> None:
    assert parts_of(
        Image("image/png", DATA),
        Audio("wav", DATA),
        Document("application/pdf", DATA, title="a.pdf"),
        Document(text="plain", title="t"),
    ) == [
        {"inlineData": {"mimeType": "image/png", "data": DATA}},
        {"inlineData": {"mimeType": "audio/wav", "data": DATA}},
        {"text": "a.pdf"},
        {"inlineData": {"mimeType": "application/pdf", "data": DATA}},
        {"text": "t\n\nplain"},
    ]


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (Image(url="https://example.com/a.png"), "image"),
        (Image("image/gif", DATA), "image"),
        (Audio("opus", DATA), "audio"),
        (Document(url="https://example.com/a.pdf"), "document"),
        (Document("application/msword", DATA), "document"),
    ],
)
def test_what_gemini_cannot_see_is_refused_by_its_kind(block: Any, name: str) -> None:
    assert refused(asking(Text("Look:"), block)) == name


def test_the_models_own_words_go_back_in_their_order() -> None:
    said = (
        Thinking("mine", "c2ln", "gemini"),
        Thinking("another's", "c2ln", "anthropic"),
        Thinking("unsigned", None, "gemini"),
        RedactedThinking(DATA, "anthropic"),
        Text("text"),
        Refusal("no"),
        Text(""),
    )
    turns = (*asking().turns, Turn("assistant", said), *asking().turns)

    assert written(Conversation(turns))["contents"][1] == {
        "role": "model",
        "parts": [
            {"text": "mine", "thought": True, "thoughtSignature": "c2ln"},
            {"text": "text"},
            {"text": "no"},
        ],
    }


@pytest.mark.parametrize(
    "turns",
    [
        (Turn("assistant", (Text("Hi"),)), Turn("user", (Text("Hi"),))),
        (Turn("user", (Text(""),)),),
        (Turn("user", (ToolResult("call_9", ()),)),),
        (Turn("system", (Text("alone"),)),),
    ],
    ids=["the model begins", "nothing said", "never called", "only the system"],
)
def test_a_conversation_that_cannot_be_is_refused(turns: Any) -> None:
    assert refused(Conversation(turns)) == "turns"


def test_an_answer_in_json_is_asked_for_with_its_schema_or_without() -> None:
    config = written(asking(format=Format(WEATHER)))["generationConfig"]
    assert (config["responseMimeType"], config["responseJsonSchema"]) == (
        "application/json",
        WEATHER,
    )
    config = written(asking(format=Format()))["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert "responseJsonSchema" not in config


def test_a_schema_beside_tools_is_for_newer_models() -> None:
    both = asking(format=Format(WEATHER), tools=TOOLS)

    assert "tools" in written(both)
    assert refused(both, OLD) == "format"
