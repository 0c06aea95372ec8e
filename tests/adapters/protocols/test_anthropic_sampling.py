"""While a Claude thinks, only the defaults of sampling may be said: it refuses others."""

from typing import Any

import pytest

from adapters.protocols.anthropic.from_conversation import CARRIED, fields_of, is_current
from adapters.protocols.canonical.conversation import Reasoning
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.some_conversations import asking

BY_BUDGET, ADAPTIVE = "claude-sonnet-4-5", "claude-opus-4-6"
THINK = Reasoning(effort="low")


@pytest.mark.parametrize("model", [BY_BUDGET, ADAPTIVE])
@pytest.mark.parametrize("option", [{"temperature": 0.5}, {"top_p": 0.9}, {"top_k": 5}], ids=str)
def test_sampling_beside_thinking_is_refused(model: str, option: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        fields_of(asking(reasoning=THINK, options=option), model, 8_000)

    assert [refused.value.param] == list(option)


@pytest.mark.parametrize("model", [BY_BUDGET, ADAPTIVE])
def test_saying_the_defaults_beside_thinking_says_nothing(model: str) -> None:
    defaults = {"temperature": 1, "top_p": 1.0, "top_k": 0}
    fields = fields_of(asking(reasoning=THINK, options=defaults), model, 8_000)

    assert CARRIED.isdisjoint(fields)
    assert is_current(fields)


@pytest.mark.parametrize("reasoning", [None, Reasoning(enabled=False)])
def test_without_thinking_it_samples_as_asked(reasoning: Reasoning | None) -> None:
    asked = asking(reasoning=reasoning, options={"temperature": 0.5, "top_k": 5})
    fields = fields_of(asked, ADAPTIVE, 8_000)

    assert (fields["temperature"], fields["top_k"]) == (0.5, 5)
