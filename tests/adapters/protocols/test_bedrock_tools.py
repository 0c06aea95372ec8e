"""Tools as Converse has them, which has no word for some of what callers can say."""

from typing import Any

import pytest

from adapters.protocols.bedrock.from_conversation import write_request
from adapters.protocols.canonical.blocks import Text, ToolResult, ToolUse
from adapters.protocols.canonical.conversation import (
    Conversation,
    Reasoning,
    Tool,
    ToolChoice,
    Turn,
)
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.some_conversations import WEATHER, asking
from tests.adapters.protocols.vendor_models import Json, assert_converse_takes

CLAUDE, NOVA = "anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0"
TOOLS = (Tool("look"), Tool("get_weather", "d", WEATHER, strict=True))
LOOK = {"name": "look", "inputSchema": {"json": {"type": "object", "properties": {}}}}
PAST = (
    Turn("user", (Text("Look."),)),
    Turn("assistant", (ToolUse("a", "look", "{}"), ToolUse("b", "seek", "{}"))),
    Turn("user", (ToolResult("a", ()), ToolResult("b", ()))),
)


def config(conversation: Conversation, model: str = CLAUDE) -> Any:
    body = write_request(conversation, model, output_cap=5000)
    assert_converse_takes(body)
    return body.get("toolConfig")


def refused(conversation: Conversation, model: str = CLAUDE) -> str | None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        write_request(conversation, model, output_cap=5000)
    return refusal.value.param


def names(told: Json) -> list[str]:
    return [tool["toolSpec"]["name"] for tool in told["tools"]]


def test_tools_are_declared_with_all_that_is_known_of_them() -> None:
    weather = {"name": "get_weather", "description": "d", "inputSchema": {"json": WEATHER}}
    told = [{"toolSpec": LOOK}, {"toolSpec": {**weather, "strict": True}}]
    assert config(asking(tools=TOOLS)) == {"tools": told}


@pytest.mark.parametrize(
    ("choice", "written", "declared"),
    [
        (ToolChoice("auto"), {"auto": {}}, ["look", "get_weather"]),
        (ToolChoice("required"), {"any": {}}, ["look", "get_weather"]),
        (ToolChoice("required", ("look",)), {"tool": {"name": "look"}}, ["look"]),
        (ToolChoice("auto", ("look",)), {"auto": {}}, ["look"]),
        (ToolChoice("required", ("look", "get_weather")), {"any": {}}, ["look", "get_weather"]),
    ],
)
def test_the_choice_of_tools_is_kept(
    choice: ToolChoice, written: Json, declared: list[str]
) -> None:
    told = config(asking(tools=TOOLS, tool_choice=choice))
    assert (told["toolChoice"], names(told)) == (written, declared)


def test_no_tools_is_said_by_withholding_them_unless_some_were_called() -> None:
    none = ToolChoice("none")
    assert config(asking(tools=TOOLS, tool_choice=none)) is None
    assert refused(Conversation(PAST, tools=TOOLS, tool_choice=none)) == "tool_choice"


def test_tools_of_the_past_are_declared_even_if_none_are_offered_now() -> None:
    told = config(Conversation(PAST))
    assert names(told) == ["look", "seek"]
    assert told["tools"][0] == {"toolSpec": LOOK}
    assert config(Conversation(PAST, tool_choice=ToolChoice("none"))) == told


def test_one_call_at_a_time_is_said_in_claudes_own_words_and_only_to_it() -> None:
    one = asking(tools=TOOLS, parallel_tools=False)
    body = write_request(one, CLAUDE, output_cap=100)

    assert_converse_takes(body)
    assert body["additionalModelRequestFields"] == {
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}
    }
    assert "toolChoice" not in body["toolConfig"]
    assert refused(one, NOVA) == "parallel_tools"
    forced = asking(tools=TOOLS, parallel_tools=False, tool_choice=ToolChoice("required"))
    assert refused(forced) == "parallel_tools"
    assert config(asking(parallel_tools=False), NOVA) is None


def test_a_forced_call_and_thinking_exclude_each_other() -> None:
    forced = asking(
        tools=TOOLS, tool_choice=ToolChoice("required"), reasoning=Reasoning(effort="low")
    )
    assert refused(forced) == "tool_choice"


@pytest.mark.parametrize("name", ["a b", "a.b", "a" * 65, ""])
def test_a_name_that_converse_does_not_take_is_refused(name: str) -> None:
    assert refused(asking(tools=(Tool(name),))) == "tools"


def test_tools_are_kept_by_claude_and_by_no_other() -> None:
    kept = asking(tools=(Tool("look", cache="1h"),))
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert config(kept)["tools"] == [{"toolSpec": LOOK}, point]
    assert config(kept, NOVA)["tools"] == [{"toolSpec": LOOK}]
