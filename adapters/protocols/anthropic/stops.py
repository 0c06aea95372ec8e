"""Why an answer stopped, in Anthropic's words and ours."""

from collections.abc import Mapping
from typing import Final

from adapters.protocols.canonical.answer import Stop

STOP_OF: Final[Mapping[str, Stop]] = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "context_full",
    "tool_use": "tool",
    "refusal": "filtered",
    "pause_turn": "paused",
}
REASON_OF: Final[Mapping[Stop, str]] = {stop: reason for reason, stop in STOP_OF.items()}


def stop_of(reason: object) -> Stop | None:
    """Read why an answer stopped; None for what is none of Anthropic's reasons."""
    return STOP_OF.get(reason) if isinstance(reason, str) else None
