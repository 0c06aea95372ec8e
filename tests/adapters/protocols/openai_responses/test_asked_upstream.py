"""What an upstream of Responses is asked for besides the conversation."""

import pytest

from adapters.protocols.canonical.conversation import (
    Conversation,
    Format,
    Reasoning,
    Tool,
    ToolChoice,
)
from tests.adapters.protocols.openai_responses.sent import SAID, written


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", ("f",)), {"type": "function", "name": "f"}),
        (
            ToolChoice("required", ("f", "g")),
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "g"}],
            },
        ),
    ],
)
def test_choices_of_tools(choice: ToolChoice, expected: object) -> None:
    tools = (Tool("f", strict=True), Tool("g", custom=True))

    fields = written(Conversation((SAID,), tools=tools, tool_choice=choice))

    assert fields["tool_choice"] == expected
    assert fields["tools"][0]["strict"] is True


@pytest.mark.parametrize(
    ("model", "reasoning", "expected"),
    [
        ("gpt-5.2", Reasoning(enabled=False), {"effort": "none"}),
        ("gpt-4o", Reasoning(enabled=False), None),
        ("gpt-5.2", Reasoning(budget=2048, shown=False), {"effort": "low"}),
        ("gpt-5.2", Reasoning(), {"summary": "auto"}),
    ],
)
def test_how_much_to_think(
    model: str, reasoning: Reasoning, expected: dict[str, str] | None
) -> None:
    fields = written(Conversation((SAID,), reasoning=reasoning), model)

    assert fields.get("reasoning") == expected


def test_any_json_object_is_asked_for_without_a_schema() -> None:
    fields = written(Conversation((SAID,), format=Format()))

    assert fields["text"] == {"format": {"type": "json_object"}}
