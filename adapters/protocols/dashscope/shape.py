"""How an answer is to be written: which of DashScope's forms the caller asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of an answer, and of each event of a stream."""

    message: bool = True
    """Choices with messages; else plain text, which has no room for thoughts and tool calls."""
    incremental: bool = False
    """Each event tells what is new; else all that was said so far."""
    parts: bool = False
    """The content is a list of parts, as multimodal models answer."""
