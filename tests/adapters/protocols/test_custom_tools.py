"""Tools that take free text, for providers that know functions only: there and back."""

import json
from dataclasses import replace

import pytest

from adapters.protocols.canonical.answer import Answer
from adapters.protocols.canonical.blocks import Text, ToolUse
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.canonical.conversation import Conversation, Tool, ToolChoice, Turn
from adapters.protocols.canonical.custom_tools import (
    CustomCalls,
    custom_names,
    with_custom,
    with_functions,
)
from adapters.protocols.canonical.events import Began, Ended, Grew, Signed

ASKED = Turn("user", (Text("Patch it."),))
PATCH = Tool("patch", "Patches.", custom=True, grammar={"syntax": "lark", "definition": "start: x"})
PLAIN = Tool("f", "d", {"type": "object"})
CALL = ToolUse("c", "patch", 'say "hi"', custom=True)
SAID = ToolUse("c", "patch", json.dumps({"input": 'say "hi"'}))


def test_a_custom_tool_becomes_a_function_that_tells_of_its_grammar() -> None:
    conversation = Conversation(
        (ASKED, Turn("assistant", (CALL,))),
        tools=(PATCH, PLAIN, Tool("note", custom=True)),
        tool_choice=ToolChoice("required", ("patch",)),
    )

    patch, plain, note = with_functions(conversation).tools

    assert custom_names(conversation) == {"patch", "note"}
    assert not patch.custom
    assert patch.grammar is None
    assert patch.parameters is not None
    assert patch.parameters["required"] == ["input"]
    assert "lark" in patch.description
    assert "start: x" in patch.description
    assert plain == PLAIN
    assert note.description == ""


def test_calls_made_before_become_calls_of_that_function() -> None:
    [_, turn] = with_functions(Conversation((ASKED, Turn("assistant", (Text("a"), CALL))))).turns

    [text, call] = turn.blocks
    assert text == Text("a")
    assert isinstance(call, ToolUse)
    assert json.loads(call.arguments) == {"input": 'say "hi"'}
    assert not call.custom


def test_without_custom_tools_nothing_changes() -> None:
    conversation = Conversation((ASKED,), tools=(PLAIN,))

    assert with_functions(conversation) is conversation


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (SAID.arguments, 'say "hi"'),
        ("free after all", "free after all"),
        ('{"input": 7}', '{"input": 7}'),
        ("[1]", "[1]"),
    ],
)
def test_a_call_comes_back_as_the_text_that_was_meant(arguments: str, text: str) -> None:
    answer = Answer((replace(SAID, arguments=arguments), ToolUse("d", "f", "{}")), "tool")

    restored = with_custom(answer, {"patch"})

    assert restored.blocks == (
        replace(CALL, arguments=text),
        ToolUse("d", "f", "{}"),
    )


def test_a_callers_own_function_of_that_shape_stays_one() -> None:
    answer = Answer((SAID,), "tool")

    assert with_custom(answer, ()) is answer
    assert with_custom(answer, {"other"}) == answer
    assert with_custom(Answer((CALL,), "tool"), {"patch"}).blocks == (CALL,)


@pytest.mark.parametrize("size", [1, 4, 100])
def test_in_a_stream_the_text_comes_when_the_call_is_whole(size: int) -> None:
    calls, built = CustomCalls({"patch"}), AnswerBuilder()
    said = SAID.arguments
    pieces = [Grew(1, said[at : at + size]) for at in range(0, len(said), size)]
    events = [Began(0, Text("a")), Grew(0, "b"), Ended(0)]
    events += [Began(1, replace(SAID, arguments="")), *pieces, Signed(1, "s", "gemini"), Ended(1)]

    restored = [passed for event in events for passed in calls.restore([event])]

    built.add(restored)
    assert built.blocks == (Text("ab"), replace(CALL, signature="s", issuer="gemini"))
    assert len([event for event in restored if isinstance(event, Grew)]) == 2


def test_calls_that_interleave_are_kept_apart_and_natural_ones_pass() -> None:
    calls = CustomCalls({"patch"})
    events = [
        Began(0, replace(SAID, arguments="")),
        Began(1, ToolUse("d", "f", "")),
        Grew(0, SAID.arguments),
        Grew(1, "{}"),
        Ended(1),
        Ended(0),
        Began(2, CALL),
        Grew(2, "!"),
        Ended(2),
    ]

    restored = calls.restore(events)

    assert restored[0] == Began(0, replace(CALL, arguments=""))
    assert restored[1:4] == [Began(1, ToolUse("d", "f", "")), Grew(1, "{}"), Ended(1)]
    assert restored[4:6] == [Grew(0, 'say "hi"'), Ended(0)]
    assert restored[6:] == events[6:]


def test_a_call_without_text_grows_by_nothing() -> None:
    calls = CustomCalls({"patch"})

    restored = calls.restore([Began(0, replace(SAID, arguments='{"input":""}')), Ended(0)])

    assert restored == [Began(0, replace(CALL, arguments="")), Ended(0)]
