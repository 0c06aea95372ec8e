"""One call being served, and what its log line will say."""

from dataclasses import dataclass
from uuid import UUID

from api.exchange import Exchange
from api.inference.surface import Headers, Surface
from api.rate_limiter import Admission
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
    admission: Admission | None = None
    """By its rate limits; None if it has none."""

    @property
    def public_id(self) -> str:
        """The money key as the outside sees it."""
        return ids.public(ids.REQUEST, self.request_id)

    @property
    def id_headers(self) -> Headers:
        """The caller's id if it sent a valid one, always ours, and what limits the caller."""
        return [
            *self.surface.name_call(self.public_id, self.exchange.client_request_id),
            *(self.surface.limit_headers(self.admission.levels) if self.admission else ()),
        ]
