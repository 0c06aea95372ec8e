"""What whole answers and streams of Converse have in common."""

from typing import Any, Final, cast

import orjson

from adapters.protocols.canonical.answer import AnswerBlock, MalformedAnswerError, Stop
from adapters.protocols.canonical.blocks import ToolUse

_STOPS: Final[dict[object, Stop]] = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "context_full",
    "tool_use": "tool",
    "guardrail_intervened": "filtered",
    "content_filtered": "filtered",
}
"""Any other reason means that the answer went wrong."""


def stop_of(reason: object, blocks: list[type[AnswerBlock]]) -> Stop:
    """Name why it stopped; an answer that went wrong counts if it is text already.

    Raises MalformedAnswerError.
    """
    stop = _STOPS.get(reason) if isinstance(reason, str) else None
    if stop is None and (ToolUse in blocks or not blocks):
        raise MalformedAnswerError
    return stop or "stop"


def parsed(data: bytes) -> dict[str, Any]:
    """Read a JSON object, or raise MalformedAnswerError."""
    try:
        return fields(orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise MalformedAnswerError from error


def fields(value: object) -> dict[str, Any]:
    """Take a JSON object, or raise MalformedAnswerError."""
    if not isinstance(value, dict):
        raise MalformedAnswerError
    return cast("dict[str, Any]", value)


def text(value: object) -> str:
    """Take a text, or raise MalformedAnswerError."""
    if not isinstance(value, str):
        raise MalformedAnswerError
    return value
