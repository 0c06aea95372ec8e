"""How much a Gemini may think, by its generation."""

from typing import Any

import pytest

from adapters.protocols.canonical.conversation import Reasoning
from adapters.protocols.gemini.from_conversation import write_request
from adapters.protocols.gemini.thinking import generation
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.some_conversations import asking
from tests.adapters.protocols.vendor_models import assert_gemini_takes

SHOWN = {"includeThoughts": True}


def asked(model: str, reasoning: Reasoning | None) -> Any:
    body = write_request(asking(reasoning=reasoning), model, output_cap=100)
    assert_gemini_takes(body)
    return body["generationConfig"].get("thinkingConfig")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("gemini-2.5-flash-lite", (2, 5)),
        ("models/gemini-3-pro-preview", (3, 0)),
        ("gemini-3.1-pro", (3, 1)),
        ("gemini-flash-latest", (3, 0)),
        ("gemini-2.0-flash-001", (2, 0)),
        ("gemma-3-27b-it", (0, 0)),
    ],
)
def test_a_generation_is_told_by_the_name(model: str, told: tuple[int, int]) -> None:
    assert generation(model) == told


@pytest.mark.parametrize(
    ("model", "reasoning", "config"),
    [
        ("gemini-2.5-pro", None, None),
        ("gemini-2.5-pro", Reasoning(effort="minimal"), {"thinkingBudget": 1024, **SHOWN}),
        ("gemini-2.5-pro", Reasoning(effort="low"), {"thinkingBudget": 1024, **SHOWN}),
        ("gemini-2.5-flash", Reasoning(effort="medium"), {"thinkingBudget": 8192, **SHOWN}),
        ("gemini-2.5-flash", Reasoning(effort="max"), {"thinkingBudget": 24576, **SHOWN}),
        ("gemini-2.5-flash", Reasoning(budget=2000), {"thinkingBudget": 2000, **SHOWN}),
        ("gemini-2.5-flash", Reasoning(), SHOWN),
        ("gemini-2.5-flash", Reasoning(shown=False), None),
        ("gemini-2.5-flash", Reasoning(enabled=False), {"thinkingBudget": 0}),
        ("gemini-2.5-flash", Reasoning(effort="none"), {"thinkingBudget": 0}),
        ("gemini-2.0-flash", Reasoning(enabled=False), None),
        ("gemini-3-pro", Reasoning(effort="minimal"), {"thinkingLevel": "MINIMAL", **SHOWN}),
        ("gemini-3-pro", Reasoning(effort="high"), {"thinkingLevel": "HIGH", **SHOWN}),
        ("gemini-3-pro", Reasoning(effort="max"), {"thinkingLevel": "XHIGH", **SHOWN}),
        ("gemini-3-pro", Reasoning(budget=2048), {"thinkingLevel": "LOW", **SHOWN}),
        ("gemini-3-pro", Reasoning(budget=2049), {"thinkingLevel": "MEDIUM", **SHOWN}),
        ("gemini-3-pro", Reasoning(budget=99_999), {"thinkingLevel": "HIGH", **SHOWN}),
        ("gemini-3-pro", Reasoning(shown=False, effort="low"), {"thinkingLevel": "LOW"}),
        ("gemini-flash-latest", Reasoning(), SHOWN),
    ],
)
def test_thinking_is_asked_for_in_the_words_of_the_generation(
    model: str, reasoning: Reasoning | None, config: Any
) -> None:
    assert asked(model, reasoning) == config


@pytest.mark.parametrize(
    ("model", "reasoning"),
    [
        ("gemini-2.0-flash", Reasoning(effort="low")),
        ("gemma-3-27b-it", Reasoning()),
        ("gemini-2.5-pro", Reasoning(enabled=False)),
        ("gemini-3-flash", Reasoning(effort="none")),
    ],
)
def test_what_a_model_cannot_do_is_refused_by_the_callers_name(
    model: str, reasoning: Reasoning
) -> None:
    conversation = asking(reasoning=reasoning, names={"reasoning": "reasoning_effort"})
    with pytest.raises(UnsupportedParameterError) as refusal:
        write_request(conversation, model, output_cap=100)
    assert refusal.value.param == "reasoning_effort"
