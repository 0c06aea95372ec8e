"""The events of a streamed answer.

Blocks are numbered from 0 in the order of their beginning. Deltas of several open blocks may
interleave; every block that begins also ends, and `Stopped` comes last.
"""

from dataclasses import dataclass

from adapters.protocols.canonical.answer import AnswerBlock, Stop


@dataclass(frozen=True, slots=True)
class Began:
    """A block begins; whatever its text holds already counts as the first delta."""

    index: int
    block: AnswerBlock


@dataclass(frozen=True, slots=True)
class Grew:
    """More text of a block: text, thoughts, a refusal, or a tool's arguments."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A block's signature, whole; it replaces what was there."""

    index: int
    signature: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A block is complete."""

    index: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The answer is complete; its usage may still follow."""

    stop: Stop
    stop_sequence: str | None = None
    explanation: str | None = None


Event = Began | Grew | Signed | Ended | Stopped
