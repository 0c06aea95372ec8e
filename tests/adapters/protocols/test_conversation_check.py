"""What no protocol could carry out is refused before any of them is asked to write it."""

from typing import Any

import pytest

from adapters.protocols.anthropic.to_conversation import NAMES as ANTHROPIC
from adapters.protocols.canonical.arguments import arguments_of
from adapters.protocols.canonical.blocks import Text, ToolUse
from adapters.protocols.canonical.conversation import Conversation, Tool, ToolChoice
from adapters.protocols.dashscope.to_conversation import NAMES as DASHSCOPE
from adapters.protocols.openai_chat.to_conversation import NAMES as CHAT
from adapters.protocols.openai_responses.to_conversation import NAMES as RESPONSES
from domain.errors import InvalidRequestError, UnsupportedParameterError
from tests.adapters.protocols.some_conversations import asking

TOOLS = (Tool("look"), Tool("find"))


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"tool_choice": ToolChoice("required")}, "tool_choice"),
        ({"tool_choice": ToolChoice("required", ("look",))}, "tool_choice"),
        ({"tool_choice": ToolChoice("auto", ("look",))}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": ToolChoice("required", ("other",))}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": ToolChoice("auto", ("look", "other"))}, "tool_choice"),
        ({"turns": ()}, "messages"),
    ],
)
def test_a_call_of_no_tool_and_a_word_of_nobody_are_refused(more: Any, name: str) -> None:
    conversation = Conversation(**{"turns": asking().turns, "names": {"turns": "messages"}, **more})
    with pytest.raises(UnsupportedParameterError) as refused:
        conversation.check()

    assert refused.value.param == name


@pytest.mark.parametrize(
    "conversation",
    [
        asking(),
        asking(tool_choice=ToolChoice("auto")),
        asking(tool_choice=ToolChoice("none")),
        asking(tools=TOOLS, tool_choice=ToolChoice("required")),
        asking(tools=TOOLS, tool_choice=ToolChoice("required", ("find",))),
        Conversation((), system=(Text("Tell a story."),)),
    ],
)
def test_what_can_be_carried_out_passes(conversation: Conversation) -> None:
    conversation.check()


@pytest.mark.parametrize("names", [ANTHROPIC, CHAT, DASHSCOPE, RESPONSES])
@pytest.mark.parametrize("name", ["turns", "image", "audio", "document"])
def test_every_surface_has_a_name_of_its_own_for_what_is_no_field(
    names: dict[str, str], name: str
) -> None:
    assert names[name] in {"messages", "input", "input.messages"}


def test_arguments_that_cannot_be_carried_are_refused_by_the_callers_name_for_messages() -> None:
    conversation = asking(names={"turns": "input.messages"})
    with pytest.raises(InvalidRequestError) as refused:
        arguments_of(conversation, ToolUse("c", "f", '{"a": 1, "a": 2}'))

    assert refused.value.param == "input.messages"
