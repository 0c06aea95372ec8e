"""One call being served, and what its log line will say."""

import time
from dataclasses import dataclass, field
from uuid import UUID

from adapters.call_contents.content import Content
from api.exchange import Exchange
from api.inference.conversation import HEADER
from api.inference.preparing import Restorer
from api.inference.recall import Recall
from api.inference.surface import Headers, Surface
from api.rate_limiter import Admission
from domain import ids
from domain.call_steps import CallSteps
from domain.metered_call import MeteredCall
from domain.reserve_call import Identity


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
    conversation_id: UUID | None = None
    """The conversation that the call has joined."""
    restorer: Restorer | None = None
    """What undoes in the answer what policies did to the prompt; None if they did nothing."""
    content: Content | None = None
    """What is kept of its words; None unless its customer wants that."""
    recall: Recall | None = None
    """What the call does with its customer's kept answers; None if none are kept."""
    dropped: int = 0
    """Messages that the customer's window left out."""
    identity: Identity | None = None
    """Who calls, as soon as that is known."""
    requested: str | None = None
    """The model as the caller named it, which may be anything."""
    steps: CallSteps = field(default_factory=lambda: CallSteps(time.perf_counter_ns))
    """What it has done so far."""

    @property
    def public_id(self) -> str:
        """The money key as the outside sees it."""
        return ids.public(ids.REQUEST, self.request_id)

    @property
    def id_headers(self) -> Headers:
        """The caller's id if it sent a valid one, always ours, and what else the call has.

        That is the conversation that it has joined, what its customer's context configuration did
        to it, and what limits the caller.
        """
        joined = self.conversation_id
        return [
            *([(HEADER, ids.public(ids.CONVERSATION, joined).encode())] if joined else ()),
            *self._context_headers,
            *self.surface.name_call(self.public_id, self.exchange.client_request_id),
            *(self.surface.limit_headers(self.admission.levels) if self.admission else ()),
        ]

    @property
    def _context_headers(self) -> Headers:
        """What the customer's context configuration did to the call."""
        told: Headers = []
        if self.dropped:
            told.append((b"x-context-trimmed", str(self.dropped).encode()))
        if self.recall and self.call:
            told.append((b"x-tollbook-cache", b"hit" if self.call.recalled else b"miss"))
        return told
