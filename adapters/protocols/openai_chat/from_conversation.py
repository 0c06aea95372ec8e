"""A canonical request in chat's words, for OpenAI-compatible servers (wire-facts §2.2, reverse)."""

import re
from typing import Any, Final

from adapters.protocols.canonical.conversation import Conversation, Reasoning
from adapters.protocols.openai_chat.functions import write_format, write_tool
from adapters.protocols.openai_chat.to_messages import messages_of

STOPS_MAX: Final = 4
CARRIED: Final = frozenset(
    {
        "temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "logit_bias",
        "service_tier",
    }
)  # fmt: skip
IMITATORS: Final = frozenset({"top_k", "min_p", "repetition_penalty"})
"""What OpenAI itself refuses and the servers that imitate it know."""
OFFICIAL_HINTS: Final = frozenset({"user", "safety_identifier", "prompt_cache_key", "verbosity"})
"""What OpenAI itself knows; others may refuse a field that they do not."""

_BUDGETS: Final = ((2_048, "low"), (8_192, "medium"), (16_384, "high"))
_QUIET: Final = (
    (re.compile(r"gpt-(?:5\.[1-9]|[6-9])"), "none"),
    (re.compile(r"gpt-5"), "minimal"),
    (re.compile(r"o[1-9](?:-|$)"), "low"),
)
"""The least that models which think unasked can be asked for; the first that matches counts."""


def fields_of(conversation: Conversation, upstream_model: str, *, official: bool) -> dict[str, Any]:
    """Write everything but model, cap and stream, or raise UnsupportedParameterError by name.

    `official` is OpenAI's own server, which knows more hints and fewer foreign options.
    """
    carried = CARRIED | (OFFICIAL_HINTS if official else IMITATORS)
    conversation.check_options(carried)
    if len(conversation.stop) > STOPS_MAX:
        conversation.refuse("stop", f"takes at most {STOPS_MAX} sequences with this model")
    options = {name: value for name, value in conversation.options.items() if name in carried}
    fields: dict[str, Any] = {
        "messages": messages_of(conversation, upstream_model),
        **_tools(conversation),
        **options,
    }
    if conversation.stop:
        fields["stop"] = list(conversation.stop)
    if conversation.format is not None:
        fields["response_format"] = write_format(conversation.format)
    effort = effort_of(conversation.reasoning, upstream_model)
    return fields if effort is None else {**fields, "reasoning_effort": effort}


def effort_of(reasoning: Reasoning | None, upstream_model: str) -> str | None:
    """Say how much to think in chat's one word, None for as much as the model does unasked.

    A budget of tokens becomes the effort that it comes to; no thinking at all becomes the least
    that the model can be asked for, and nothing for models that do not think unasked.
    """
    if reasoning is None:
        return None
    if not reasoning.enabled:
        name = upstream_model.rpartition("/")[2].lower()
        return next((least for pattern, least in _QUIET if pattern.match(name)), None)
    if reasoning.effort is not None or reasoning.budget is None:
        return reasoning.effort
    budget = reasoning.budget
    return next((effort for most, effort in _BUDGETS if budget <= most), "xhigh")


def _tools(conversation: Conversation) -> dict[str, Any]:
    """Write the tools; of several that may be called only these, as few servers take a list."""
    tools, choice = conversation.tools, conversation.tool_choice
    names = choice.names if choice else ()
    forced = choice is not None and choice.mode == "required" and len(names) == 1
    if names and not forced:
        tools = conversation.tools_named(names)
    if not tools:
        return {}
    fields: dict[str, Any] = {"tools": list(map(write_tool, tools))}
    if choice is not None:
        named = [{"type": "function", "function": {"name": name}} for name in names]
        fields["tool_choice"] = named[0] if forced else choice.mode
    if conversation.parallel_tools is not None:
        fields["parallel_tool_calls"] = conversation.parallel_tools
    return fields
