"""What a worker knows of one call that has ended: references and figures, read later."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.reserve_call import Identity
from domain.settle_call import Attempt
from domain.usage import Usage


@dataclass(slots=True)
class CallTrace:
    """Made once a call on the hot path, so that all else is worked out by who reads it."""

    request_id: UUID
    identity: Identity | None
    """None if nobody knows who called."""
    surface: str
    requested: str | None
    """A name that the catalogue knows, as the caller gave it; None before it was found there."""
    answered: str | None
    """The model that answered."""
    held: bool
    status: int | None
    """The HTTP answer's; None if there was none."""
    code: str | None
    """Of the error, or `client_gone`; None for an answer."""
    ended_ns: int
    """Since 1970."""
    begun: Sequence[tuple[str, int]]
    """Each step and when it began, by a clock that only serves to subtract; the last is the end."""
    attempts: Sequence[Attempt]
    usage: Usage | None
    traceparent: bytes | None
    """As the caller sent it."""

    @property
    def nanoseconds(self) -> int:
        """How long the call took, from its first header on."""
        return self.begun[-1][1] - self.begun[0][1]

    @property
    def began_ns(self) -> int:
        """When it began, since 1970."""
        return self.ended_ns - self.nanoseconds
