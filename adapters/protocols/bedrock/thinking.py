"""How much a Bedrock model may think, in the words of its vendor.

Claude     as at Anthropic: within a budget, or as it sees fit by an effort
Nova 2     by an effort of three steps, the highest of which takes no output cap
gpt-oss    by an effort of three steps, and never not at all
"""

from typing import Any, Final, NamedTuple

from adapters.protocols.anthropic.models import Abilities
from adapters.protocols.anthropic.thinking import thinking_fields
from adapters.protocols.bedrock.families import claude, is_gpt_oss, is_nova_2
from adapters.protocols.canonical.blocks import RedactedThinking, Thinking, ToolUse
from adapters.protocols.canonical.conversation import Conversation, Reasoning

ISSUER: Final = "bedrock"

_BANDS: Final = ((2048, "low"), (8192, "medium"))
"""Budgets up to these are efforts; beyond them it is high."""


class Asked(NamedTuple):
    """What is asked for: beside Converse's own fields, and among them."""

    fields: dict[str, Any]
    effort: str | None = None
    thinks: bool = False


NOTHING: Final = Asked({})


def thinking_of(conversation: Conversation, model: str, output_cap: int) -> Asked:
    """Ask for as much thinking as the caller did, or refuse `reasoning`."""
    reasoning = conversation.reasoning
    if reasoning is None:
        return NOTHING
    abilities = claude(model)
    if abilities is not None:
        return _claude(conversation, abilities, output_cap)
    off = not reasoning.enabled or reasoning.effort == "none"
    if is_nova_2(model):
        return _nova(conversation, reasoning, off=off)
    if is_gpt_oss(model):
        return _gpt_oss(conversation, reasoning, off=off)
    if not off:
        conversation.refuse("reasoning", "is beyond what this model is known to do")
    return NOTHING


def _claude(conversation: Conversation, abilities: Abilities, output_cap: int) -> Asked:
    """Ask in Anthropic's own words; Converse itself knows the effort.

    Amid tool calls whose thoughts did not come back, a Claude with a budget answers without.
    """
    fields = thinking_fields(conversation, abilities, output_cap)
    effort = fields.pop("effort", None)
    kind = fields.get("thinking", {}).get("type", "disabled")
    if kind == "enabled" and _forgot(conversation):
        return NOTHING
    return Asked(fields, effort, thinks=kind != "disabled")


def _forgot(conversation: Conversation) -> bool:
    """Whether the last answer called tools and lacks the thoughts that Claude insists on."""
    answers = [turn for turn in conversation.turns if turn.role == "assistant"]
    blocks = answers[-1].blocks if answers else ()
    return any(isinstance(block, ToolUse) for block in blocks) and not any(
        isinstance(block, Thinking | RedactedThinking) and block.issuer == ISSUER
        for block in blocks
    )


def _nova(conversation: Conversation, reasoning: Reasoning, *, off: bool) -> Asked:
    if off:
        return Asked({"reasoningConfig": {"type": "disabled"}})
    effort = _step_of(reasoning) or "medium"
    if effort == "high":
        conversation.refuse("reasoning", "is beyond what this model does within an output limit")
    return Asked({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}})


def _gpt_oss(conversation: Conversation, reasoning: Reasoning, *, off: bool) -> Asked:
    if off:
        conversation.refuse("reasoning", "cannot be switched off: this model always thinks")
    effort = _step_of(reasoning)
    return Asked({"reasoning_effort": effort} if effort else {})


def _step_of(reasoning: Reasoning) -> str | None:
    """Give one of three steps; None where the caller leaves it to the model."""
    if reasoning.effort:
        steps = {"minimal": "low", "low": "low", "medium": "medium"}
        return steps.get(reasoning.effort, "high")
    if (budget := reasoning.budget) is None:
        return None
    return next((step for most, step in _BANDS if budget <= most), "high")
