"""A messages request in canonical form, or refused by the place of what has none."""

import json
from typing import Any

import pytest

from adapters.protocols.anthropic.foreign import unwrap, wrap
from adapters.protocols.anthropic.request import decode_request
from adapters.protocols.canonical.blocks import (
    Document,
    Image,
    RedactedThinking,
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
from tests.adapters.protocols.some_conversations import GOLDEN, WEATHER

HI: Any = [{"role": "user", "content": "Hi"}]
ELSEWHERE = "cannot be carried to this model's provider"


def meant(**fields: Any) -> Conversation:
    body = {"model": "m", "max_tokens": 5000, "messages": HI, **fields}
    return decode_request(json.dumps(body).encode(), {}).conversation()


def blocks(*written: Any, role: str = "user") -> tuple[Any, ...]:
    return meant(messages=[*HI, {"role": role, "content": list(written)}]).turns[1].blocks


def test_the_golden_conversation_is_understood() -> None:
    use = {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {"city": "Paris"}}
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "18C"}

    found = meant(
        system="Be brief.",
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "Weather in Paris?"}]},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ],
        tools=[{"name": "get_weather", "description": "d", "input_schema": WEATHER}],
        tool_choice={"type": "auto"},
    )

    assert (found.turns, found.system) == (GOLDEN.turns, GOLDEN.system)
    assert (found.tools, found.tool_choice) == (GOLDEN.tools, GOLDEN.tool_choice)


def test_every_block_has_its_form() -> None:
    kept = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    png = {"type": "base64", "media_type": "image/png", "data": "aaaa"}
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "bbbb"}
    texts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]

    found = blocks(
        {"type": "text", "text": "T", **kept},
        {"type": "image", "source": png},
        {"type": "image", "source": {"type": "url", "url": "https://x.test/a"}},
        {"type": "document", "source": pdf, "title": "P", "citations": {"enabled": False}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "w"}},
        {"type": "document", "source": {"type": "content", "content": texts}},
        {"type": "document", "source": {"type": "content", "content": "c"}},
        {"type": "document", "source": {"type": "url", "url": "https://x.test/b"}},
        {"type": "search_result", "source": "https://s", "title": "S", "content": texts},
        {"type": "tool_result", "tool_use_id": "t", "content": texts, "is_error": True, **kept},
        {"type": "tool_result", "tool_use_id": "u"},
    )

    assert found == (
        Text("T", "1h"),
        Image("image/png", "aaaa"),
        Image(url="https://x.test/a"),
        Document("application/pdf", "bbbb", title="P"),
        Document("text/plain", text="w"),
        Document("text/plain", text="a\nb"),
        Document("text/plain", text="c"),
        Document(url="https://x.test/b"),
        Text("S\nhttps://s\n\na\nb"),
        ToolResult("t", (Text("a"), Text("b")), is_error=True, cache="1h"),
        ToolResult("u", ()),
    )


def test_thoughts_keep_who_signed_them() -> None:
    found = blocks(
        {"type": "thinking", "thinking": "a", "signature": "c2ln"},
        {"type": "thinking", "thinking": "b", "signature": ""},
        {"type": "thinking", "thinking": "c", "signature": wrap("gemini", "x")},
        {"type": "redacted_thinking", "data": "own"},
        {"type": "redacted_thinking", "data": wrap("bedrock", "sealed")},
        {"type": "redacted_thinking", "data": wrap("gemini", "y", "call_1")},
        {"type": "tool_use", "id": "call_1", "name": "f", "input": {}},
        {"type": "tool_use", "id": "call_2", "name": "f", "input": {"a": 1}},
        role="assistant",
    )

    assert found == (
        Thinking("a", "c2ln", "anthropic"),
        Thinking("b", None, "anthropic"),
        Thinking("c", "x", "gemini"),
        RedactedThinking("own", "anthropic"),
        RedactedThinking("sealed", "bedrock"),
        ToolUse("call_1", "f", "{}", signature="y", issuer="gemini"),
        ToolUse("call_2", "f", '{"a":1}'),
    )


@pytest.mark.parametrize(
    "text", ["c2ln", "tollbook:", "tollbook:[1,2,3]", 'tollbook:["a"]', "tollbook:{}"]
)
def test_what_is_not_ours_is_anthropics_own(text: str) -> None:
    assert unwrap(text) is None


def test_a_foreign_signature_comes_back_as_it_was() -> None:
    assert unwrap(wrap("gemini", 's"☃', "call_1")) == ("gemini", "call_1", 's"☃')


def test_what_else_was_asked_for() -> None:
    found = meant(
        system=[{"type": "text", "text": "Be.", "cache_control": {"type": "ephemeral"}}],
        tools=[
            {
                "type": "custom",
                "name": "f",
                "input_schema": WEATHER,
                "strict": True,
                "eager_input_streaming": True,
                "allowed_callers": ["direct"],
                "defer_loading": False,
            }
        ],
        tool_choice={"type": "tool", "name": "f", "disable_parallel_tool_use": True},
        output_config={"format": {"type": "json_schema", "schema": WEATHER}, "effort": "high"},
        thinking={"type": "adaptive", "display": "omitted"},
        stop_sequences=["END"],
        temperature=0.5,
        top_p=0.9,
        top_k=4,
        speed="fast",
        metadata={"user_id": "u"},
        context_management={"edits": [{"type": "clear_thinking_20251015"}]},
    )

    assert found.system == (Text("Be.", "5m"),)
    assert found.tools == (Tool("f", "", WEATHER, strict=True),)
    assert found.tool_choice == ToolChoice("required", ("f",))
    assert found.parallel_tools is False
    assert found.format == Format(WEATHER)
    assert found.reasoning == Reasoning(effort="high", shown=False)
    assert found.stop == ("END",)
    assert found.options == {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 4,
        "user": "u",
        "service_tier": "fast",
    }


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({}, None),
        ({"output_config": {"effort": "low"}}, Reasoning(effort="low")),
        ({"thinking": {"type": "disabled"}}, Reasoning(enabled=False)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Reasoning(budget=2048)),
        ({"thinking": {"type": "adaptive"}}, Reasoning()),
    ],
)
def test_how_much_to_think(fields: dict[str, Any], reasoning: Reasoning | None) -> None:
    assert meant(**fields).reasoning == reasoning


@pytest.mark.parametrize(
    ("choice", "mode"), [("auto", "auto"), ("any", "required"), ("none", "none")]
)
def test_whether_to_call_tools(choice: str, mode: Any) -> None:
    assert meant(tool_choice={"type": choice}).tool_choice == ToolChoice(mode)


def test_a_mark_for_the_whole_prompt_is_put_on_its_last_block() -> None:
    thought = {"type": "thinking", "thinking": "a", "signature": "c2ln"}
    content = [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}, thought]

    found = meant(
        messages=[*HI, {"role": "assistant", "content": content}],
        cache_control={"type": "ephemeral"},
    )
    nowhere = meant(
        messages=[*HI, {"role": "assistant", "content": [thought]}],
        cache_control={"type": "ephemeral"},
    )

    assert found.turns[1].blocks[:2] == (Text("x"), Text("y", "5m"))
    assert nowhere.turns[1].blocks == (Thinking("a", "c2ln", "anthropic"),)


def test_the_systems_word_amid_the_others_keeps_its_place() -> None:
    found = meant(messages=[*HI, {"role": "system", "content": "Psst."}, *HI])

    assert found.turns == (
        Turn("user", (Text("Hi"),)),
        Turn("system", (Text("Psst."),)),
        Turn("user", (Text("Hi"),)),
    )


IMAGE = {"type": "image", "source": {"type": "url", "url": "https://x.test"}}
TEXT_SOURCE = {"type": "text", "media_type": "text/plain", "data": "w"}


@pytest.mark.parametrize(
    ("block", "where"),
    [
        ({"type": "text", "text": "T", "citations": [{"type": "x"}]}, ".citations"),
        ({**IMAGE, "transformations": {"a": 1}}, ".transformations"),
        ({"type": "document", "source": TEXT_SOURCE, "citations": {"enabled": True}}, ".citations"),
        ({"type": "document", "source": TEXT_SOURCE, "context": "c"}, ".context"),
        (
            {"type": "document", "source": {"type": "content", "content": [IMAGE]}},
            ".source.content[0]",
        ),
        (
            {
                "type": "search_result",
                "source": "s",
                "title": "t",
                "content": [],
                "citations": {"enabled": True},
            },
            ".citations",
        ),
        (
            {"type": "tool_use", "id": "1", "name": "f", "input": {}, "toolset_name": "t"},
            ".toolset_name",
        ),
        ({"type": "server_tool_use", "id": "1", "name": "web_search", "input": {}}, ""),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "tool_reference"}]},
            ".content[0]",
        ),
    ],
)
def test_a_block_that_others_cannot_take_is_refused_by_its_place(block: Any, where: str) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        blocks(block)

    assert caught.value.param == f"messages[1].content[0]{where}"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"thinking": {"type": "between_tools"}}, "thinking.type"),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools[0].type"),
        (
            {"tools": [{"name": "f", "input_schema": {}, "input_examples": [{}]}]},
            "tools[0].input_examples",
        ),
        (
            {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}},
            "context_management.edits[0]",
        ),
    ],
)
def test_what_others_cannot_take_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        meant(**fields)

    assert caught.value.param == param
