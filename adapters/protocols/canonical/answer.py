"""A model's answer: blocks, why it stopped, and what it used."""

from dataclasses import dataclass, field
from typing import Literal

from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from domain.metering import Report

Stop = Literal["stop", "stop_sequence", "length", "context_full", "tool", "filtered", "paused"]
AnswerBlock = Text | Thinking | RedactedThinking | ToolUse | Refusal


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; a decoder that finds a malformed one raises MalformedAnswerError instead."""

    blocks: tuple[AnswerBlock, ...]
    stop: Stop
    stop_sequence: str | None = None
    """Which one stopped it, where the protocol tells."""
    explanation: str | None = None
    """Why it was filtered, where the protocol tells."""
    report: Report = field(default_factory=Report)


@dataclass(frozen=True, slots=True)
class Frame:
    """What an answer of ours says about itself."""

    id: str
    """The request's id without its prefix, unique and safe to show."""
    model: str
    """The model as customers know it."""
    created: int
    """Seconds since 1970."""


class MalformedAnswerError(Exception):
    """An upstream's answer or stream makes no sense; nothing of it is shown."""
