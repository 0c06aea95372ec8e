"""How much to think, in Anthropic's words."""

from typing import Any, Final

from adapters.protocols.anthropic.fields import THINKING_MIN
from adapters.protocols.anthropic.models import Abilities
from adapters.protocols.canonical.conversation import Conversation, Reasoning

_EFFORTS: Final = {"minimal": "low"}
_BUDGETS: Final = {
    "minimal": 1_024,
    "low": 2_048,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 24_576,
    "max": 32_768,
}
"""What an effort comes to where thinking is measured in tokens; the cap may leave less."""
_UNSAID: Final = "medium"


def thinking_fields(
    conversation: Conversation, abilities: Abilities, output_cap: int
) -> dict[str, Any]:
    """Write `thinking` and the effort, or raise UnsupportedParameterError."""
    reasoning = conversation.reasoning
    if reasoning is None:
        return {}
    thinks = reasoning.enabled and reasoning.effort != "none"
    if abilities.thinking == "adaptive":
        return _adaptive(conversation, reasoning) if thinks else {"thinking": {"type": "disabled"}}
    if not thinks:
        return {}  # these models think only if asked to
    if abilities.thinking == "none":
        conversation.refuse("reasoning", "is not something that this model does")
    budget = reasoning.budget or _BUDGETS[reasoning.effort or _UNSAID]
    if reasoning.budget is not None and not THINKING_MIN <= budget < output_cap:
        conversation.refuse("reasoning", f"must be at least {THINKING_MIN} and below the output")
    if output_cap <= THINKING_MIN:
        conversation.refuse("reasoning", f"needs more than {THINKING_MIN} tokens of output")
    return {"thinking": {"type": "enabled", "budget_tokens": min(budget, output_cap - 1)}}


def _adaptive(conversation: Conversation, reasoning: Reasoning) -> dict[str, Any]:
    """Let the model decide within an effort; a budget becomes the effort that it comes to."""
    display = "summarized" if reasoning.shown else "omitted"
    fields: dict[str, Any] = {"thinking": {"type": "adaptive", "display": display}}
    effort = reasoning.effort
    if effort is None and reasoning.budget is not None:
        budget = reasoning.budget
        bands = ((name, most) for name, most in _BUDGETS.items() if name != "minimal")
        effort = next((name for name, most in bands if budget <= most), "max")
    if effort is not None:
        fields["effort"] = _EFFORTS.get(effort, effort)
    return fields
