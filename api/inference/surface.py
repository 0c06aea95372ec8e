"""What differs between the surfaces: how a request is read, and how an error is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from adapters.protocols.inbound import InboundRequest
from api.inference.limits import LimitHeaders, openai_headers
from api.settings import Settings
from domain.errors import GatewayError

Headers = list[tuple[bytes, bytes]]
Answer = tuple[int, Headers, bytes]
"""Status, headers and body."""
RequestHeaders = Mapping[bytes, bytes]


class ErrorShape(Protocol):
    """How a surface's SDKs expect to be told of an error."""

    def render(self, error: GatewayError, request_id: str, *, funds_status: int) -> Answer:
        """Write an error before the answer has begun; `funds_status` is the operator's choice."""
        ...

    def event(self, error: GatewayError, request_id: str) -> bytes:
        """Write an error into a stream, whole: nothing follows it."""
        ...


@dataclass(frozen=True, slots=True)
class Surface:
    """One inbound protocol at one path."""

    name: str
    """In the ledger: a short code."""
    kinds: frozenset[str]
    """The kinds of models that may be called here."""
    decode: Callable[[bytes, RequestHeaders], InboundRequest]
    """Checks a body, or raises InvalidRequestError."""
    errors: ErrorShape
    joytoken: bool = False
    """Metadata in the body and the stream, as the JoyToken contract has it."""
    id_headers: tuple[bytes, ...] = (b"x-request-id",)
    """Where this surface's SDKs look for the request's id."""
    limit_headers: LimitHeaders = openai_headers
    """How this surface's answers show the caller's rate limits."""
    retries_402: bool = False
    """Whether clients here try again after a 402, so that a setting of its own counts."""

    def funds_status(self, settings: Settings) -> int:
        """Give the status for want of funds, as the operator chose it."""
        if self.retries_402:
            return settings.responses_insufficient_balance_status
        return settings.insufficient_balance_status

    def name_call(self, ours: str, theirs: str | None) -> Headers:
        """Write the caller's id of a call if it sent a valid one, and always ours."""
        shown = (theirs or ours).encode()
        named = [(name, shown) for name in self.id_headers]
        return [*named, (b"x-gateway-request-id", ours.encode())]
