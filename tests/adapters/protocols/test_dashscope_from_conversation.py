"""A conversation as DashScope takes it, and what it has no place for."""

from typing import Any

import pytest

from adapters.protocols.canonical.blocks import (
    Audio,
    Block,
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
    ToolChoice,
    Turn,
)
from adapters.protocols.dashscope.from_conversation import from_conversation, has_media
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.dashscope_bodies import HELLO, parameters, written

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
TOOLS = (Tool("add"), Tool("get_weather", "d", WEATHER, strict=True))


def messages(*turns: Turn, model: str = "qwen-plus") -> Any:
    conversation = Conversation(turns=turns)
    fields = from_conversation(conversation, model, output_cap=9, stream=False)
    return fields["input"]["messages"]


def test_the_golden_conversation_is_written_as_the_vendor_would() -> None:
    conversation = Conversation(
        system=(Text("Be brief."),),
        turns=(
            Turn("user", (Text("Weather in Paris?"),)),
            Turn("assistant", (ToolUse("call_1", "get_weather", '{"city":"Paris"}'),)),
            Turn("user", (ToolResult("call_1", (Text("18C"),)),)),
        ),
        tools=(Tool("get_weather", "d", WEATHER),),
    )

    fields = from_conversation(conversation, "m", output_cap=100, stream=False)

    function = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    tool = {"name": "get_weather", "description": "d", "parameters": WEATHER}
    assert fields == {
        "model": "m",
        "input": {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Weather in Paris?"},
                {"role": "assistant", "content": "", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "call_1", "name": "get_weather", "content": "18C"},
            ]
        },
        "parameters": {
            "result_format": "message",
            "max_tokens": 100,
            "tools": [{"type": "function", "function": tool}],
        },
    }


def test_several_texts_stay_apart_and_ends_of_cached_prefixes_are_marked() -> None:
    assert written(Text("a", "5m"), Text("b", "1h"), Text("c"))["input"]["messages"] == [
        {
            "role": "user",
            "content": [
                {"text": "a", "cache_control": {"type": "ephemeral"}},
                {"text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
                {"text": "c"},
            ],
        }
    ]


def test_pictures_and_sounds_make_all_content_parts() -> None:
    picture, sound = Image("image/png", "aa"), Audio("wav", "bb")
    fields = written(Text("look"), picture, Image(url="https://a/b"), sound)

    assert has_media(fields)
    assert fields["input"]["messages"][0]["content"] == [
        {"text": "look"},
        {"image": "data:image/png;base64,aa"},
        {"image": "https://a/b"},
        {"audio": "data:audio/wav;base64,bb"},
    ]
    assert not has_media(written(Text("look")))


def test_a_model_that_sees_is_told_everything_in_parts() -> None:
    call = ToolUse("call_1", "add", "{}")
    turns = (HELLO, Turn("assistant", (call,)))

    said = [message["content"] for message in messages(*turns, model="qwen3-vl-plus")]

    assert said == [[{"text": "Hello."}], [{"text": ""}]]


def test_what_was_thought_said_and_called_is_one_message() -> None:
    turn = Turn(
        "assistant",
        (
            Thinking("Hm", "sig", "anthropic"),
            Thinking("m."),
            RedactedThinking("x"),
            Refusal("No."),
            ToolUse("c", "add", "{}"),
        ),
    )

    [message] = messages(turn)

    assert (message["content"], message["reasoning_content"]) == ("No.", "Hmm.")
    assert message["tool_calls"][0]["id"] == "c"
    assert messages(Turn("assistant", (RedactedThinking("x"),))) == []


def test_results_of_tools_are_messages_of_their_own_in_their_order() -> None:
    results = (
        ToolResult("a", (Text("1"), Text("2")), is_error=True),
        ToolResult("b", (Document(text="told"),)),
    )

    assert messages(Turn("user", (Text("so"), *results, Text("then")))) == [
        {"role": "user", "content": "so"},
        {"role": "tool", "tool_call_id": "a", "content": "Error: 12"},
        {"role": "tool", "tool_call_id": "b", "content": "told"},
        {"role": "user", "content": "then"},
    ]


@pytest.mark.parametrize(
    "block",
    [Document("application/pdf", "aa"), ToolResult("a", (Image("image/png", "aa"),))],
    ids=["a document", "a picture as a result"],
)
def test_what_the_model_cannot_be_told_is_refused(block: Block) -> None:
    with pytest.raises(UnsupportedParameterError):
        written(block, names={"messages": "input"})


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("required", ("add",)), {"type": "function", "function": {"name": "add"}}),
    ],
)
def test_what_must_be_called_is_told(choice: ToolChoice, told: Any) -> None:
    told_all = parameters(tools=TOOLS, tool_choice=choice, parallel_tools=False)

    assert told_all["tool_choice"] == told
    assert told_all["parallel_tool_calls"] is False
    assert [tool["function"]["name"] for tool in told_all["tools"]] == ["add", "get_weather"]


def test_the_only_tool_can_be_required_and_one_of_several_cannot() -> None:
    one = parameters(tools=TOOLS[:1], tool_choice=ToolChoice("required"))
    with pytest.raises(UnsupportedParameterError, match="tool_choice"):
        parameters(tools=TOOLS, tool_choice=ToolChoice("required"))

    assert one["tool_choice"] == {"type": "function", "function": {"name": "add"}}


def test_a_choice_among_some_of_the_tools_leaves_the_others_out() -> None:
    told = parameters(tools=TOOLS, tool_choice=ToolChoice("auto", ("add",)))

    assert [tool["function"]["name"] for tool in told["tools"]] == ["add"]


def test_without_tools_nothing_is_said_of_choosing() -> None:
    assert "tool_choice" not in parameters(tool_choice=ToolChoice("auto"))


def test_options_are_carried_by_their_names_and_within_its_bounds() -> None:
    options = {"temperature": 2.0, "top_p": 0.5, "top_k": 3, "seed": 7, "user": "u"}
    neutral = {"logprobs": False, "frequency_penalty": 0}

    told = parameters(options={**options, **neutral}, stop=("END",))

    assert told == {
        "max_tokens": 100, "temperature": 1.99, "top_p": 0.5, "top_k": 3, "seed": 7,
        "stop": ["END"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "option",
    [
        {"frequency_penalty": 0.5},
        {"logprobs": True},
        {"logit_bias": {"1": 2}},
        {"service_tier": "flex"},
        {"top_p": 0},
        {"n": 2},
    ],
    ids=str,
)
def test_an_option_without_a_place_is_refused_by_the_callers_name(option: dict[str, Any]) -> None:
    [name] = option
    with pytest.raises(UnsupportedParameterError) as refused:
        parameters(options=option, names={name: "theirs"})

    assert refused.value.param == "theirs"


def test_formats_are_told() -> None:
    schema = Format(WEATHER, "n", "about", strict=True)

    plain = parameters(format=Format())["response_format"]
    full = parameters(format=schema)["response_format"]["json_schema"]

    assert plain == {"type": "json_object"}
    assert full == {"name": "n", "schema": WEATHER, "description": "about", "strict": True}
