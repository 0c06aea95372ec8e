"""What differs between the surfaces: how a request is read, and how an error is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

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
    decode: Callable[[bytes, RequestHeaders], Any]
    """Gives an InboundRequest, or raises InvalidRequestError."""
    errors: ErrorShape
    joytoken: bool = False
    """Metadata in the body and the stream, as the JoyToken contract has it."""
    id_headers: tuple[bytes, ...] = (b"x-request-id",)
    """Where this surface's SDKs look for the request's id."""
