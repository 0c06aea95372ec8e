"""The issuer of statements: it numbers them, without a gap and never twice."""

from typing import Self
from uuid import UUID

from domain import ids
from domain.aggregate import Fact, FirstFact, Recorded
from domain.moment import Moment


class Started(FirstFact):
    """The register of numbers exists, empty."""

    TOPIC = "issuer.started.1"
    actor: str


class Numbered(Fact):
    """The number belongs to this wallet's month, in the commit that closes it."""

    TOPIC = "issuer.numbered.1"
    number: int
    wallet_id: str
    period: str


class Issuer(Recorded):
    """One a shard."""

    TOPIC = "issuer"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.last = 0

    @staticmethod
    def id_of(shard: int) -> UUID:
        """Name the one issuer of a shard."""
        return ids.named(shard, "issuer")

    @classmethod
    def start(cls, at: Moment, issuer_id: UUID, *, actor: str) -> Self:
        """Start numbering at 1."""
        return cls.begin(Started, at, issuer_id, actor=actor)

    def number(self, at: Moment, *, wallet_id: str, period: str) -> int:
        """Give the next number away."""
        fact = self.record(Numbered, at, number=self.last + 1, wallet_id=wallet_id, period=period)
        return fact.number

    def when_started(self, fact: Started) -> None:
        """Begin at nothing."""

    def when_numbered(self, fact: Numbered) -> None:
        """Follow the last number."""
        self.last = fact.number
