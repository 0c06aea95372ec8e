"""One call being served, and what its log line will say."""

from dataclasses import dataclass
from uuid import UUID

from api.exchange import Exchange
from api.inference.surface import Headers, Surface
from domain import ids
from domain.metered_call import MeteredCall


@dataclass(slots=True)
class Serving:
    """Everything that one call's way through the gateway has in common."""

    exchange: Exchange
    request_id: UUID
    surface: Surface
    started: int
    call: MeteredCall | None = None
    client_gone: bool = False

    @property
    def public_id(self) -> str:
        """The money key as the outside sees it."""
        return ids.public(ids.REQUEST, self.request_id)

    @property
    def id_headers(self) -> Headers:
        """The caller's id if it sent a valid one, and always ours."""
        ours = self.public_id.encode()
        theirs = self.exchange.client_request_id
        shown = theirs.encode() if theirs else ours
        return [
            *((name, shown) for name in self.surface.id_headers),
            (b"x-gateway-request-id", ours),
        ]
