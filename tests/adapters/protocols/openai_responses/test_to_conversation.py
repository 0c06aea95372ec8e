"""A request of Responses in canonical form."""

from typing import Any

import pytest

from adapters.protocols.canonical.blocks import (
    Text,
    ToolResult,
    ToolUse,
)
from adapters.protocols.canonical.conversation import Format, Reasoning, Tool, ToolChoice, Turn
from domain.errors import InvalidRequestError, UnsupportedParameterError
from tests.adapters.protocols.openai_responses.samples import (
    CALL,
    CODEX,
    HI,
    PARIS,
    PATCH,
    SCHEMA,
    WEATHER,
    request_of,
)


def turns_of(*items: Any) -> tuple[Turn, ...]:
    return request_of(HI, input=list(items)).conversation().turns


def test_the_golden_conversation() -> None:
    found = request_of().conversation()

    assert found.system == (Text("Be brief."),)
    assert found.turns == (
        Turn("user", (Text("Weather in Paris?"),)),
        Turn("assistant", (ToolUse("call_1", "get_weather", PARIS),)),
        Turn("user", (ToolResult("call_1", (Text("18C"),)),)),
    )
    assert found.tools == (Tool("get_weather", "d", SCHEMA, strict=False),)
    assert found.tool_choice == ToolChoice("auto")
    assert found.options == {}


def test_what_codex_says() -> None:
    found = request_of(CODEX).conversation()

    assert found.system == (Text("You may run commands."),)
    assert found.turns == (Turn("user", (Text("<environment_context/>"), Text("one two three"))),)
    assert [tool.name for tool in found.tools] == [*(f"shell_{n}" for n in range(7)), "apply_patch"]
    assert found.tools[-1] == Tool(
        "apply_patch",
        "Edit files.",
        custom=True,
        grammar={"syntax": "lark", "definition": "start: /.+/"},
    )
    assert found.reasoning == Reasoning(effort="medium")
    assert found.parallel_tools is True
    assert found.options == {
        "prompt_cache_key": CODEX["prompt_cache_key"],
        "verbosity": "low",
    }


def test_tools_in_namespaces_have_plain_names() -> None:
    long = "x" * 70
    spaces = [
        {"type": "namespace", "name": "crm", "description": "d", "tools": [WEATHER, PATCH]},
        {"type": "namespace", "name": long, "tools": [WEATHER, PATCH]},
    ]
    call = {**CALL, "name": "get_weather", "namespace": "crm"}
    choice = {"type": "function", "name": "get_weather", "namespace": "crm"}

    found = request_of(HI, tools=spaces, input=[call], tool_choice=choice).conversation()

    names = [tool.name for tool in found.tools]
    assert names[:2] == ["crm__get_weather", "crm__apply_patch"]
    assert [len(name) for name in names[2:]] == [64, 64]
    assert len(set(names)) == 4
    assert names[2].startswith("xxx")
    assert found.turns[0].blocks == (ToolUse("c1", "crm__get_weather", PARIS),)
    assert found.tool_choice == ToolChoice("required", ("crm__get_weather",))


def test_choices_forms_and_options() -> None:
    allowed = {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "function", "name": "get_weather"}],
    }
    form = {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}

    found = request_of(
        HI,
        tools=[WEATHER],
        tool_choice=allowed,
        text={"format": form},
        reasoning={"effort": "none"},
        temperature=0.5,
        top_p=0.9,
        service_tier="auto",
        user="u",
        metadata={"a": "b"},
        truncation="disabled",
        top_logprobs=0,
        max_tool_calls=3,
        include=["web_search_call.action.sources"],
        prompt_cache_retention="24h",
    ).conversation()

    assert found.tool_choice == ToolChoice("required", ("get_weather",))
    assert found.format == Format(SCHEMA, "n", strict=True)
    assert found.reasoning == Reasoning(enabled=False, effort="none")
    assert found.options == {
        "temperature": 0.5,
        "top_p": 0.9,
        "user": "u",
        "metadata": {"a": "b"},
        "prompt_cache_retention": "24h",
    }


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"text": {"format": {"type": "json_object"}}}, Format()),
        ({"text": {"format": {"type": "text"}}}, None),
        ({}, None),
    ],
)
def test_forms_without_a_schema(asked: dict[str, Any], expected: Format | None) -> None:
    assert request_of(HI, **asked).conversation().format == expected


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [({"summary": "auto"}, Reasoning()), ({"context": "auto"}, None), (None, None)],
)
def test_thinking_is_asked_for_by_its_effort_or_by_a_wish_to_see_it(
    reasoning: dict[str, Any] | None, expected: Reasoning | None
) -> None:
    assert request_of(HI, reasoning=reasoning).conversation().reasoning == expected


USER = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"truncation": "auto"}, "truncation"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
        ({"reasoning": {"context": "all_turns"}}, "reasoning.context"),
        ({"tools": [{"type": "local_shell"}]}, "tools[0].type"),
        ({"tools": [{**WEATHER, "async": True}]}, "tools[0].async"),
        ({"tools": [{**PATCH, "surprise": 1}]}, "tools[0].surprise"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]}},
         "tool_choice.tools"),
        ({"input": [{"type": "web_search_call", "id": "ws_1"}]}, "input[0].type"),
        ({"input": [{**USER, "surprise": 1}]}, "input[0].surprise"),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "a", "b": 1}]}]},
         "input[0].content[0].b"),
    ],
)  # fmt: skip
def test_what_no_other_protocol_has_is_refused_by_name(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        request_of(HI, **changes).conversation()

    assert refused.value.param == path


def message(role: str, part: dict[str, Any]) -> dict[str, Any]:
    return {"input": [{"role": role, "content": [part]}]}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"tools": [WEATHER, WEATHER]}, "tools[1].name"),
        ({"tools": [{**PATCH, "format": {"type": "regex"}}]}, "tools[0].format"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"input": [{**CALL, "arguments": "[]"}]}, "input[0].arguments"),
        ({"input": [{**CALL, "arguments": "{"}]}, "input[0].arguments"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]},
         "input[0].call_id"),
        (message("system", {"type": "input_image", "image_url": "https://x.example/"}),
         "input[0].content"),
        (message("assistant", {"type": "input_file", "file_url": "https://x.example/"}),
         "input[0].content"),
        (message("user", {"type": "refusal", "refusal": "no"}), "input[0].content"),
        (message("user", {"type": "input_image", "image_url": "data:,x"}),
         "input[0].content[0].image_url"),
        (message("user", {"type": "input_image", "image_url": "file:///etc"}),
         "input[0].content[0].image_url"),
        (message("user", {"type": "input_file", "file_data": "JVBERi0="}),
         "input[0].content[0].file_data"),
        (message("user", {"type": "input_file"}), "input[0].content[0].file_url"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_its_place(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        request_of(HI, **changes).conversation()

    assert refused.value.param == path
