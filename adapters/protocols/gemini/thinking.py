"""How much a Gemini model may think: by a budget up to 2.5, by a level from 3 on."""

import re
from typing import Any, Final

from adapters.protocols.canonical.conversation import Conversation, Reasoning

Generation = tuple[int, int]

THINKS: Final[Generation] = (2, 5)
BY_LEVEL: Final[Generation] = (3, 0)

_NUMBERED: Final = re.compile(r"gemini-(\d{1,3})(?:\.(\d{1,3}))?")
_BUDGETS: Final = {
    "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576,
}  # fmt: skip
"""Google's own bands for callers who say an effort."""
_LEVELS: Final = {
    "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "XHIGH",
    "max": "XHIGH",
}  # fmt: skip
_BANDS: Final = ((2048, "LOW"), (8192, "MEDIUM"), (16384, "HIGH"))
"""Budgets up to these are levels; beyond them it is the highest that every model has."""


def generation(model: str) -> Generation:
    """Tell a model's generation by its name; (0, 0) if it is no Gemini.

    A name without a number, `gemini-flash-latest` say, moves with the newest models.
    """
    if found := _NUMBERED.search(model):
        return int(found[1]), int(found[2] or 0)
    return BY_LEVEL if "gemini-" in model else (0, 0)


def thinking_config(conversation: Conversation, model: str) -> dict[str, Any]:
    """Write the thinkingConfig, empty where nothing was asked for, or refuse `reasoning`."""
    reasoning = conversation.reasoning
    if reasoning is None:
        return {}
    told = generation(model)
    if not reasoning.enabled or reasoning.effort == "none":
        return _off(conversation, model)
    if told < THINKS:
        conversation.refuse("reasoning", "is beyond this model, which does not think")
    amount = _level(reasoning) if told >= BY_LEVEL else _budget(reasoning)
    return {**amount, **({"includeThoughts": True} if reasoning.shown else {})}


def _off(conversation: Conversation, model: str) -> dict[str, Any]:
    told = generation(model)
    if told < THINKS:
        return {}
    if told >= BY_LEVEL or "-pro" in model:
        conversation.refuse("reasoning", "cannot be switched off: this model always thinks")
    return {"thinkingBudget": 0}


def _budget(reasoning: Reasoning) -> dict[str, Any]:
    if reasoning.budget is not None:
        return {"thinkingBudget": reasoning.budget}
    return {"thinkingBudget": _BUDGETS[reasoning.effort]} if reasoning.effort else {}


def _level(reasoning: Reasoning) -> dict[str, Any]:
    if reasoning.effort:
        return {"thinkingLevel": _LEVELS[reasoning.effort]}
    if (budget := reasoning.budget) is None:
        return {}
    return {"thinkingLevel": next((name for most, name in _BANDS if budget <= most), "HIGH")}
