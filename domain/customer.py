"""A customer: whom a wallet and its keys belong to; the name itself is erasable and elsewhere."""

from typing import Self
from uuid import UUID

from domain.aggregate import FirstFact, Recorded
from domain.moment import Moment


class Registered(FirstFact):
    """The customer exists; `name_hash` is the salted hash of the erasable name."""

    TOPIC = "customer.registered.1"
    wallet_id: str
    currency: str
    name_hash: str
    actor: str


class Customer(Recorded):
    """One customer with one wallet."""

    TOPIC = "customer"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.wallet_id = ""
        self.currency = ""
        self.name_hash = ""

    @classmethod
    def register(
        cls,
        at: Moment,
        customer_id: UUID,
        *,
        wallet_id: str,
        currency: str,
        name_hash: str,
        actor: str,
    ) -> Self:
        """Register a customer and name its wallet."""
        return cls.begin(
            Registered,
            at,
            customer_id,
            wallet_id=wallet_id,
            currency=currency,
            name_hash=name_hash,
            actor=actor,
        )

    def when_registered(self, fact: Registered) -> None:
        """Take the wallet and the currency."""
        self.wallet_id = fact.wallet_id
        self.currency = fact.currency
        self.name_hash = fact.name_hash
