"""A statement that was issued: what it was drawn from, and the hash of its one text."""

from typing import Self
from uuid import UUID

from domain import ids
from domain.aggregate import FirstFact, Recorded
from domain.moment import Moment


class Issued(FirstFact):
    """The document of a closed month, as of a position of the log.

    `sha256` is that of the canonical document; `tree_size` is the size of the signed tree that it
    names, or None if the log is not sealed.
    """

    TOPIC = "statement.issued.1"
    wallet_id: str
    customer_id: str
    period: str
    number: int
    position: int
    tree_size: int | None
    sha256: str


class Statement(Recorded):
    """One a wallet and month."""

    TOPIC = "statement"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.number = 0
        self.sha256 = ""

    @property
    def retired(self) -> bool:
        """Whether nothing more will come of it: always."""
        return True

    @staticmethod
    def id_of(wallet_id: UUID, period: str) -> UUID:
        """Find the one statement of a wallet's month."""
        return ids.named(ids.shard_of(wallet_id), "statement", wallet_id.hex, period)

    @classmethod
    def issue(
        cls,
        at: Moment,
        statement_id: UUID,
        *,
        wallet_id: str,
        customer_id: str,
        period: str,
        number: int,
        position: int,
        tree_size: int | None,
        sha256: str,
    ) -> Self:
        """Issue the document under its number."""
        return cls.begin(
            Issued,
            at,
            statement_id,
            wallet_id=wallet_id,
            customer_id=customer_id,
            period=period,
            number=number,
            position=position,
            tree_size=tree_size,
            sha256=sha256,
        )

    def when_issued(self, fact: Issued) -> None:
        """Keep the hash."""
        self.number = fact.number
        self.sha256 = fact.sha256
