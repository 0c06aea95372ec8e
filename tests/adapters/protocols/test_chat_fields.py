"""A canonical request in chat's words, as OpenAI-compatible servers take it."""

import json
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
    Reasoning,
    Tool,
    ToolChoice,
    Turn,
)
from adapters.protocols.openai_chat.from_conversation import effort_of, fields_of
from adapters.protocols.openai_chat.request import decode_request
from adapters.upstreams.openai_chat import ChatCodec
from adapters.upstreams.openai_endpoint import Endpoint
from domain.catalog import Route
from domain.errors import UnsupportedParameterError

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ASKED = Turn("user", (Text("Weather in Paris?"),))
PARIS = ToolUse("call_1", "get_weather", '{"city":"Paris"}')


def write(*turns: Turn, model: str = "up", official: bool = False, **fields: Any) -> dict[str, Any]:
    return fields_of(Conversation(turns or (ASKED,), **fields), model, official=official)


def said(*blocks: Block, role: Any = "user", model: str = "up") -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = write(Turn(role, blocks), model=model)["messages"]
    return messages


def test_the_tool_conversation_of_every_dialect_goes_there_and_back() -> None:
    """The golden vector of wire-facts §7."""
    golden = {
        "model": "m",
        "max_completion_tokens": 100,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather in Paris?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "18C"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {"name": "get_weather", "description": "d", "parameters": SCHEMA},
            }
        ],
        "tool_choice": "auto",
    }
    conversation = decode_request(json.dumps(golden).encode()).conversation()
    codec = ChatCodec(Endpoint("https://api.openai.com/v1", "k", "max_completion_tokens"))
    route = Route("openai", "m")

    fields = codec.encode(conversation, route, output_cap=100, stream=False)

    assert fields == golden
    outgoing = codec.outgoing(fields, route, stream=False)
    assert str(outgoing.url) == "https://api.openai.com/v1/chat/completions"
    assert json.loads(outgoing.body) == golden
    assert (b"authorization", b"Bearer k") in outgoing.headers


def test_a_stream_always_asks_for_its_usage() -> None:
    codec = ChatCodec(Endpoint("http://a.example/v1", None, "max_tokens"))

    fields = codec.encode(Conversation((ASKED,)), Route("p", "up"), output_cap=7, stream=True)

    assert fields["stream_options"] == {"include_usage": True}
    assert (fields["stream"], fields["max_tokens"]) == (True, 7)


def test_one_text_is_plain_and_everything_else_is_parts_in_their_order() -> None:
    pdf = Document("application/pdf", "JVBE", title="a.pdf")

    assert said(Text("a")) == [{"role": "user", "content": "a"}]
    [message] = said(
        Text("a", cache="1h"),
        Image("image/png", "iVBO", detail="low"),
        Image(url="https://a.example/b.png"),
        Audio("wav", "UklG"),
        pdf,
        Document("application/pdf", "JVBE"),
        Document(text="b"),
        Document(text="c", title="t"),
    )
    data = "data:application/pdf;base64,JVBE"
    assert message["content"] == [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": data}},
        {"type": "file", "file": {"filename": "file", "file_data": data}},
        {"type": "text", "text": "b"},
        {"type": "text", "text": "t\n\nc"},
    ]


def test_results_of_tools_come_first_and_their_pictures_after_them() -> None:
    picture = Image(url="https://a.example/b.png")

    assert said(
        Text("And?"),
        ToolResult("call_1", (Text("18C"), picture)),
        ToolResult("call_2", (Text("a"), Text("b"))),
        ToolResult("call_3", (Text("broke"),), is_error=True),
        ToolResult("call_4", (), is_error=True),
    ) == [
        {"role": "tool", "tool_call_id": "call_1", "content": "18C"},
        {
            "role": "tool",
            "tool_call_id": "call_2",
            "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        },
        {"role": "tool", "tool_call_id": "call_3", "content": "Error: broke"},
        {"role": "tool", "tool_call_id": "call_4", "content": "Error: "},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "And?"},
                {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
            ],
        },
    ]


def test_only_unsigned_thoughts_go_back_to_where_they_came_from() -> None:
    assert said(
        Thinking("a"),
        Thinking("b", "s", "anthropic"),
        RedactedThinking("x", "anthropic"),
        Text("c"),
        Refusal("d"),
        role="assistant",
    ) == [
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "c"}, {"type": "refusal", "refusal": "d"}],
            "reasoning_content": "a",
        }
    ]
    assert said(Thinking("b", "s", "anthropic"), role="assistant") == []


@pytest.mark.parametrize(
    ("model", "issuer", "kept"),
    [
        ("google/gemini-3-pro", "gemini", True),
        ("gpt-5.2", "gemini", False),
        ("gemini-3-pro", "anthropic", False),
    ],
)
def test_googles_signatures_go_back_to_google_only(model: str, issuer: str, kept: bool) -> None:
    call = ToolUse("c", "f", "{}", "c2ln", issuer)

    [message] = said(call, role="assistant", model=model)

    extra = {"google": {"thought_signature": "c2ln"}} if kept else None
    assert message["tool_calls"][0].get("extra_content") == extra


def test_a_system_turn_stays_in_its_place() -> None:
    messages = write(ASKED, Turn("system", (Text("b"),)), system=(Text("a"),))["messages"]

    assert [message["role"] for message in messages] == ["system", "user", "system"]


@pytest.mark.parametrize(
    ("choice", "names", "written"),
    [
        (None, ["f", "g"], None),
        (ToolChoice("none"), ["f", "g"], "none"),
        (ToolChoice("required"), ["f", "g"], "required"),
        (
            ToolChoice("required", ("g",)),
            ["f", "g"],
            {"type": "function", "function": {"name": "g"}},
        ),
        (ToolChoice("auto", ("f",)), ["f"], "auto"),
        (ToolChoice("required", ("f", "g")), ["f", "g"], "required"),
    ],
)
def test_tools_that_may_not_be_called_are_left_out(
    choice: ToolChoice | None, names: list[str], written: Any
) -> None:
    fields = write(tools=(Tool("f"), Tool("g")), tool_choice=choice)

    assert [tool["function"]["name"] for tool in fields["tools"]] == names
    assert fields.get("tool_choice") == written


def test_tools_and_forms_are_written_whole() -> None:
    tool = Tool("f", "d", SCHEMA, True)
    fields = write(tools=(tool,), parallel_tools=False, format=Format(SCHEMA, "w", "d", False))

    [written] = fields["tools"]
    assert written["function"] == {
        "name": "f", "description": "d", "parameters": SCHEMA, "strict": True,
    }  # fmt: skip
    assert fields["parallel_tool_calls"] is False
    assert fields["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "w", "schema": SCHEMA, "description": "d", "strict": False},
    }
    assert write(format=Format())["response_format"] == {"type": "json_object"}
    assert write(tool_choice=ToolChoice("auto"), parallel_tools=True).keys() == {"messages"}


@pytest.mark.parametrize(
    ("reasoning", "model", "effort"),
    [
        (None, "gpt-5.2", None),
        (Reasoning(), "gpt-5.2", None),
        (Reasoning(effort="max"), "gpt-5.2", "max"),
        (Reasoning(budget=2_048), "m", "low"),
        (Reasoning(budget=2_049), "m", "medium"),
        (Reasoning(budget=16_384), "m", "high"),
        (Reasoning(budget=16_385), "m", "xhigh"),
        (Reasoning(enabled=False), "gpt-5.2-mini", "none"),
        (Reasoning(enabled=False), "openai/gpt-6", "none"),
        (Reasoning(enabled=False), "gpt-5-mini", "minimal"),
        (Reasoning(enabled=False), "o3", "low"),
        (Reasoning(enabled=False), "o4-mini", "low"),
        (Reasoning(enabled=False, effort="none"), "gpt-4o", None),
        (Reasoning(enabled=False), "omni", None),
    ],
)
def test_how_much_to_think_in_chats_one_word(
    reasoning: Reasoning | None, model: str, effort: str | None
) -> None:
    assert effort_of(reasoning, model) == effort
    assert write(reasoning=reasoning, model=model).get("reasoning_effort") == effort


def test_options_go_where_they_are_known() -> None:
    options = {"temperature": 0, "seed": 1, "user": "u", "store": True, "verbosity": "low"}

    assert write(options=options, official=True).keys() == {
        "messages", "temperature", "seed", "user", "verbosity",
    }  # fmt: skip
    assert write(options=options).keys() == {"messages", "temperature", "seed"}
    assert write(options={"top_k": 3})["top_k"] == 3
    assert write(stop=("a", "b"))["stop"] == ["a", "b"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"options": {"logprobs": True}}, "logprobs"),
        ({"options": {"top_k": 3}, "official": True}, "top_k"),
        ({"options": {"min_p": 3}, "official": True, "names": {"min_p": "minP"}}, "minP"),
        ({"stop": tuple("abcde"), "names": {"stop": "stop_sequences"}}, "stop_sequences"),
    ],
)
def test_what_chat_cannot_carry_is_refused_by_the_callers_name(
    fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        write(**fields)

    assert refused.value.param == param


def test_a_file_elsewhere_is_not_fetched() -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        said(Document(url="https://a.example/b.pdf"))

    assert refused.value.param == "document"
