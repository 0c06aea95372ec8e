"""An idempotency key that was used: one event, in the commit of what it guards."""

from typing import Self
from uuid import UUID

from domain import ids
from domain.aggregate import FirstFact, Recorded
from domain.errors import IdempotencyKeyReusedError
from domain.moment import Moment


class Claimed(FirstFact):
    """The key now belongs to this body and this result."""

    TOPIC = "idempotency.claimed.1"
    body_hash: str
    result_id: str


class Idempotency(Recorded):
    """Its id is derived from the scope, the route and the key."""

    TOPIC = "idempotency"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.body_hash = ""
        self.result_id = ""

    @property
    def retired(self) -> bool:
        """Whether it has served: always, once it is claimed."""
        return True

    @staticmethod
    def id_of(shard: int, *, scope: str, route: str, key: str) -> UUID:
        """Find the one aggregate of a key within a scope and a route."""
        return ids.named(shard, "idempotency", scope, route, key)

    @classmethod
    def claim(cls, at: Moment, claim_id: UUID, *, body_hash: str, result_id: str) -> Self:
        """Use the key."""
        return cls.begin(Claimed, at, claim_id, body_hash=body_hash, result_id=result_id)

    def check_same(self, body_hash: str) -> None:
        """Raise IdempotencyKeyReusedError if the key came with another body."""
        if self.body_hash != body_hash:
            raise IdempotencyKeyReusedError

    def when_claimed(self, fact: Claimed) -> None:
        """Remember whose key it is."""
        self.body_hash = fact.body_hash
        self.result_id = fact.result_id
