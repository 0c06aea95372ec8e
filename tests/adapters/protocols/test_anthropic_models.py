"""What differs between Anthropic's models: sampling, and how thinking is asked for."""

from typing import Any

import pytest

from adapters.protocols.anthropic.from_conversation import fields_of
from adapters.protocols.anthropic.models import abilities_of
from adapters.protocols.canonical.conversation import Reasoning
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.anthropic_models import assert_anthropic_takes
from tests.adapters.protocols.some_conversations import asking

OLD, MIDDLE, NEW = "claude-sonnet-4-5-20250929", "claude-opus-4-6", "claude-sonnet-5"


@pytest.mark.parametrize(
    ("model", "sampling", "thinking", "current"),
    [
        ("qwen3-max", True, "budget", False),
        ("claude-2.1", True, "none", True),
        ("claude-3-opus-20240229", True, "none", True),
        ("claude-3-5-sonnet-20241022", True, "none", True),
        ("claude-3-7-sonnet-latest", True, "budget", True),
        ("claude-sonnet-4-20250514", True, "budget", True),
        ("claude-opus-4-1-20250805", True, "budget", True),
        ("claude-haiku-4-5", True, "budget", True),
        ("claude-opus-4-6", True, "adaptive", True),
        ("claude-opus-4.6", True, "adaptive", True),
        ("claude-opus-4-7", False, "adaptive", True),
        ("claude-sonnet-5", False, "adaptive", True),
        ("anthropic/claude-opus-5-5", False, "adaptive", True),
        ("claude-unheard-of", False, "adaptive", True),
    ],
)
def test_what_a_model_takes_is_told_by_its_name(
    model: str, sampling: bool, thinking: str, current: bool
) -> None:
    assert abilities_of(model) == (sampling, thinking, current)


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking", "effort"),
    [
        (NEW, Reasoning(effort="minimal"), {"type": "adaptive", "display": "summarized"}, "low"),
        (NEW, Reasoning(effort="none"), {"type": "disabled"}, None),
        (NEW, Reasoning(enabled=False), {"type": "disabled"}, None),
        (MIDDLE, Reasoning(shown=False), {"type": "adaptive", "display": "omitted"}, None),
        (NEW, Reasoning(budget=9000), {"type": "adaptive", "display": "summarized"}, "high"),
        (NEW, Reasoning(budget=10**6), {"type": "adaptive", "display": "summarized"}, "max"),
        (OLD, Reasoning(effort="low"), {"type": "enabled", "budget_tokens": 2048}, None),
        (OLD, Reasoning(effort="high"), {"type": "enabled", "budget_tokens": 3999}, None),
        (OLD, Reasoning(budget=1024), {"type": "enabled", "budget_tokens": 1024}, None),
        (OLD, Reasoning(), {"type": "enabled", "budget_tokens": 3999}, None),
        (OLD, Reasoning(enabled=False), None, None),
    ],
)
def test_thinking_in_each_models_own_words(
    model: str, reasoning: Reasoning, thinking: Any, effort: str | None
) -> None:
    fields = fields_of(asking(reasoning=reasoning), model, 4000)

    assert_anthropic_takes(fields)
    assert fields.get("thinking") == thinking
    assert fields.get("output_config", {}).get("effort") == effort


def test_a_cap_that_leaves_no_room_to_think_is_refused() -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        fields_of(asking(reasoning=Reasoning(effort="low")), OLD, 1024)

    assert caught.value.param == "reasoning"
