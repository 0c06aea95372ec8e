"""Thinking that a caller turns on at a server which imitates OpenAI, kept within the output cap."""

from collections.abc import Mapping
from typing import Any, Final, cast

BUDGET_DEFAULT: Final = 4_096
"""Tokens of thought where half of the cap is more."""
_SWITCH, _BUDGET, _TEMPLATE = "enable_thinking", "thinking_budget", "chat_template_kwargs"


def bounded_thinking(body: Mapping[str, Any], *, output_cap: int, cap_field: str) -> dict[str, Any]:
    """Say how the cap is divided between thoughts and words; nothing where no one asks to think.

    Some of these servers count thoughts besides the cap, which then bounds only what is seen: they
    get a budget that is taken out of it. Where there is no room for one, thinking is turned off.
    """
    given = body.get(_TEMPLATE)
    template = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    if not (body.get(_SWITCH) or template.get(_SWITCH)):
        return {}
    budget = min(BUDGET_DEFAULT, output_cap // 2)
    switched = _switched(body, budget)
    if template:
        switched[_TEMPLATE] = {**template, **_switched(template, budget)}
    return {**switched, **({_BUDGET: budget} if budget else {}), cap_field: output_cap - budget}


def _switched(fields: Mapping[str, Any], budget: int) -> dict[str, Any]:
    """Write what is said of thinking again, where anything is said."""
    ours = {_SWITCH: budget > 0, _BUDGET: budget}
    return {name: value for name, value in ours.items() if fields.get(name)}
