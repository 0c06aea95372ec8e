"""Canonical requests as Anthropic gets them, checked by the vendor's own types."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given

from adapters.protocols.anthropic.from_conversation import fields_of, is_current
from adapters.protocols.anthropic.schema import closed
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
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.anthropic_models import assert_anthropic_takes
from tests.adapters.protocols.some_conversations import (
    DATA,
    GOLDEN,
    WEATHER,
    asking,
    conversations,
)

OLD, MIDDLE, NEW = "claude-sonnet-4-5-20250929", "claude-opus-4-6", "claude-sonnet-5"
LOOK = Tool("look", "", None)


def sent(conversation: Conversation, model: str = NEW, cap: int = 4000) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(orjson.dumps(fields_of(conversation, model, cap)))
    assert_anthropic_takes(fields)
    return fields


def refused(conversation: Conversation, model: str = NEW, cap: int = 4000) -> str | None:
    with pytest.raises(UnsupportedParameterError) as caught:
        fields_of(conversation, model, cap)
    return caught.value.param


def test_the_golden_conversation_is_written_as_everybody_writes_it() -> None:
    assert sent(GOLDEN, "m", 100) == {
        "model": "m",
        "max_tokens": 100,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Weather in Paris?"}]},
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "tool_use",
                        "id": "call_1",
                        "name": "get_weather",
                        "input": {"city": "Paris"},
                    }
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "18C"}],
            },
        ],
        "tools": [{"name": "get_weather", "description": "d", "input_schema": WEATHER}],
        "tool_choice": {"type": "auto"},
    }


@given(conversations())
def test_whatever_is_meant_is_sent_as_the_vendor_has_it_or_refused_by_name(
    conversation: Conversation,
) -> None:
    try:
        fields = fields_of(conversation, OLD, 20_000)
    except UnsupportedParameterError as refusal:
        fields, named = None, refusal.param
    else:
        named = None

    if fields is None:
        assert named
    else:
        assert_anthropic_takes(orjson.loads(orjson.dumps(fields)))


def test_the_users_words_keep_their_marks_for_caching() -> None:
    fields = sent(Conversation((Turn("user", (Text("Hi.", "1h"),)),), system=(Text("Be.", "5m"),)))

    assert fields["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "5m"}
    assert fields["messages"][0]["content"][0]["cache_control"]["ttl"] == "1h"


def test_media_go_as_data_or_by_address() -> None:
    blocks = sent(
        asking(
            Image("image/png", DATA),
            Image(url="https://x.test/a.png"),
            Document("application/pdf", DATA, title="Plan"),
            Document("text/plain", text="words"),
            Document(url="https://x.test/a.pdf"),
        )
    )["messages"][0]["content"]

    assert [block["source"]["type"] for block in blocks] == [
        "base64",
        "url",
        "base64",
        "text",
        "url",
    ]
    assert blocks[2]["title"] == "Plan"


def test_results_come_first_and_illegal_ids_are_made_legal_and_stay_apart() -> None:
    calls = (ToolUse("a b", "look", ""), ToolUse("a_b", "look", "{}"))
    answers = (Text("So."), ToolResult("a b", (), is_error=True), ToolResult("a_b", (Text("1"),)))
    fields = sent(
        Conversation(
            (Turn("user", (Text("?"),)), Turn("assistant", calls), Turn("user", answers)),
            tools=(LOOK,),
        )
    )

    used, given_back = fields["messages"][1]["content"], fields["messages"][2]["content"]
    assert [block["id"] for block in used] == ["a_b", "a_b_2"]
    assert [block["type"] for block in given_back] == ["tool_result", "tool_result", "text"]
    assert [block["tool_use_id"] for block in given_back[:2]] == ["a_b", "a_b_2"]
    assert given_back[0]["is_error"] is True


def test_only_thoughts_that_anthropic_signed_go_along() -> None:
    thoughts = (
        Thinking("own", "c2ln", "anthropic"),
        Thinking("foreign", "c2ln", "gemini"),
        Thinking("unsigned"),
        RedactedThinking("own", "anthropic"),
        RedactedThinking("foreign", "bedrock"),
        Refusal("No."),
    )
    turns = (Turn("user", (Text("?"),)), Turn("assistant", thoughts), Turn("user", (Text("!"),)))

    blocks = sent(Conversation(turns))["messages"][1]["content"]

    assert blocks == [
        {"type": "thinking", "thinking": "own", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "own"},
        {"type": "text", "text": "No."},
    ]


def test_a_word_of_the_systems_amid_the_others_stays_there_or_joins_the_users() -> None:
    turns = (
        Turn("user", (Text("A"),)),
        Turn("system", (Text("B"),)),
        Turn("user", (Text("C"),)),
    )

    new, old = Conversation(turns), Conversation(turns, options={"temperature": 0.5})

    assert [message["role"] for message in sent(new)["messages"]] == ["user", "system", "user"]
    assert [message["role"] for message in sent(old, OLD)["messages"]] == ["user"]
    assert is_current(sent(new))
    assert not is_current(sent(old, OLD))


@pytest.mark.parametrize(
    ("choice", "parallel", "written", "tools"),
    [
        (None, None, None, ["look", "get_weather"]),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}, ["look", "get_weather"]),
        (ToolChoice("none"), False, {"type": "none"}, ["look", "get_weather"]),
        (ToolChoice("required"), True, {"type": "any"}, ["look", "get_weather"]),
        (
            ToolChoice("required", ("look",)),
            None,
            {"type": "tool", "name": "look"},
            ["look", "get_weather"],
        ),
        (ToolChoice("auto", ("look",)), None, {"type": "auto"}, ["look"]),
    ],
    ids=["unsaid", "one at a time", "none", "any", "one", "some"],
)
def test_the_choice_of_tools(
    choice: ToolChoice | None, parallel: bool | None, written: Any, tools: list[str]
) -> None:
    both = (LOOK, Tool("get_weather", "d", WEATHER, strict=True, cache="5m"))

    fields = sent(asking(tools=both, tool_choice=choice, parallel_tools=parallel))

    assert fields.get("tool_choice") == written
    assert [tool["name"] for tool in fields["tools"]] == tools


def test_options_that_are_carried() -> None:
    options = {"temperature": 0.5, "top_p": 1, "top_k": 5, "user": "u", "prompt_cache_key": "k"}

    fields = sent(asking(stop=("END",), options=options), OLD)

    assert (fields["temperature"], fields["top_k"]) == (0.5, 5)
    assert "top_p" not in fields
    assert fields["metadata"] == {"user_id": "u"}
    assert fields["stop_sequences"] == ["END"]


def test_saying_a_default_says_nothing_to_a_model_that_takes_no_sampling() -> None:
    fields = sent(asking(options={"temperature": 1, "top_p": 1.0}), NEW)

    assert "temperature" not in fields
    assert "top_p" not in fields


@pytest.mark.parametrize(
    ("conversation", "model", "param"),
    [
        (asking(Audio("wav", DATA)), NEW, "audio"),
        (asking(Image("image/tiff", DATA)), NEW, "image"),
        (asking(Document("application/msword", DATA)), NEW, "document"),
        (Conversation((Turn("assistant", (Text("Hi"),)),)), NEW, "turns"),
        (Conversation((Turn("user", (Text(""),)),)), NEW, "turns"),
        (asking(stop=(" ",)), NEW, "stop"),
        (asking(format=Format()), NEW, "format"),
        (asking(options={"temperature": 0.5}), NEW, "temperature"),
        (asking(options={"temperature": 1.5}), OLD, "temperature"),
        (asking(options={"seed": 5}), NEW, "seed"),
        (asking(options={"service_tier": "flex"}), NEW, "service_tier"),
        (asking(reasoning=Reasoning(effort="low")), "claude-3-5-sonnet-latest", "reasoning"),
        (asking(reasoning=Reasoning(budget=5000)), OLD, "reasoning"),
        (
            asking(
                tools=(LOOK,),
                tool_choice=ToolChoice("required"),
                reasoning=Reasoning(effort="low"),
            ),
            OLD,
            "tool_choice",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(
    conversation: Conversation, model: str, param: str
) -> None:
    assert refused(conversation, model) == param


def test_a_field_is_refused_by_the_callers_name_for_it() -> None:
    named = asking(format=Format(), names={"format": "response_format"})

    assert refused(named) == "response_format"


def test_a_schema_is_closed_where_it_says_nothing() -> None:
    open_one: Any = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["object"]},
            "properties": {"type": "array", "items": {"type": "object", "properties": {}}},
            "free": {"type": "object"},
            "said": {"type": "object", "properties": {}, "additionalProperties": True},
        },
        "$defs": {"a": {"type": "object", "properties": {}}},
        "default": {"type": "object", "properties": {}},
    }

    shut = closed(open_one)

    assert shut["additionalProperties"] is False
    assert shut["properties"]["properties"]["items"]["additionalProperties"] is False
    assert "additionalProperties" not in shut["properties"]["free"]
    assert shut["properties"]["said"]["additionalProperties"] is True
    assert shut["$defs"]["a"]["additionalProperties"] is False
    assert shut["default"] == open_one["default"]
    assert json.dumps(open_one).count("additionalProperties") == 1
