"""A dialect: how one provider's protocol is spoken, for each of our surfaces.

same protocol on both sides    a native lane: bytes pass through, usage is read on the way
another                        the converting lane: codec ─▶ canonical form ─▶ codec
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import httpx

from adapters.protocols.inbound import InboundRequest
from domain.catalog import Route
from domain.errors import UnsupportedParameterError
from domain.upstream import Answer, UpstreamCall

Headers = list[tuple[bytes, bytes]]


class Outgoing(NamedTuple):
    """A request as it goes out."""

    url: httpx.URL
    headers: Headers
    body: bytes


class Lane(Protocol):
    """One surface's requests through one dialect."""

    def check(self, request: Any, route: Route, output_cap: int) -> None:
        """Raise UnsupportedParameterError naming what cannot be carried."""
        ...

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the upstream's request."""
        ...

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Read a successful answer, a stream to its first output; raises AttemptError."""
        ...


class Counter(Protocol):
    """Has a provider count a prompt's tokens."""

    def counts(self, request: Any) -> bool:
        """Tell whether this protocol can be asked about such a request."""
        ...

    def write_count(self, request: Any, route: Route) -> Outgoing:
        """Write the question."""
        ...

    def read_count(self, body: bytes) -> int | None:
        """Read the answer; None if it has none."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error answer says, as far as it may be used."""

    code: str | None = None
    """The error's own short code."""
    param: str | None = None
    retry_after: str | None = None
    """Seconds, where the body says so and not the header."""
    ours: bool = False
    """Whether the fault is in our own account there, whatever the status says."""


class ReadFault(Protocol):
    """Finds the short words of an error answer's JSON."""

    def __call__(self, fields: Any, headers: httpx.Headers, /) -> Fault:
        """Read any JSON value whatever; nothing may be raised."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """One provider's protocol."""

    native: Mapping[str, Lane]
    """Lanes by the protocol of the inbound request."""
    converting: Lane | None
    """For all other requests; None where nothing can be converted."""
    read_fault: ReadFault
    counter: Counter | None = None
    """Where the provider counts tokens for nothing."""

    def lane(self, request: InboundRequest) -> Lane:
        """Choose the lane, or raise UnsupportedParameterError."""
        lane = self.native.get(request.protocol, self.converting)
        if lane is None:
            raise UnsupportedParameterError("model", "has no provider that takes such calls")
        return lane
