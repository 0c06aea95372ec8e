"""The port to a provider: what it is asked, how it answers, and how it fails."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from domain.catalog import Route
from domain.errors import InvalidRequestError, UpstreamFailureError
from domain.metering import Produced, Report


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """A call as it goes upstream: the caller's own request, with our model, cap and options."""

    request_id: str
    model: str
    """The model as customers know it."""
    route: Route
    request: Any
    """What the surface's codec decoded; providers of the same protocol pass it on."""
    output_cap: int
    traceparent: str | None = None
    """The trace that it is part of, as W3C has it; None to tell the upstream nothing."""


class AttemptError(Exception):
    """One route failed before any output; `outcome` is the short code for the ledger."""

    def __init__(
        self,
        outcome: str,
        error: UpstreamFailureError | InvalidRequestError,
        *,
        elsewhere: bool = True,
        cool_seconds: int = 0,
    ) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.error = error
        self.elsewhere = elsewhere
        """Whether another route may do better: not if the request itself was at fault."""
        self.cool_seconds = cool_seconds


class BrokenAnswerError(Exception):
    """The upstream broke after output had begun; what came before counts."""

    def __init__(self, error: UpstreamFailureError) -> None:
        super().__init__(str(error))
        self.error = error


class Answer(Protocol):
    """An accepted call: bytes to relay, and at any time what they add up to."""

    def relay(self) -> AsyncIterator[bytes]:
        """Give the bytes as they come, without what must wait for the charge.

        Raises BrokenAnswerError; reading to the end is what completes `report`.
        """
        ...

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        ...

    @property
    def produced(self) -> Produced:
        """What was produced so far."""
        ...

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give what had to wait for the charge; metadata only where there is a place for it."""
        ...

    async def close(self) -> None:
        """Let go of the connection; an answer that is not read to its end is broken off."""
        ...


class Provider(Protocol):
    """One upstream, by its protocol."""

    def check(self, request: Any, route: Route, output_cap: int) -> None:
        """Raise UnsupportedParameterError naming what it cannot carry with so much to answer."""
        ...

    async def send(self, call: UpstreamCall) -> Answer:
        """Send a call and wait for its first output, or raise AttemptError."""
        ...
