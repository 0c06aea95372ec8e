"""A customer: whom a wallet and its keys belong to; the name itself is erasable and elsewhere."""

from datetime import datetime
from typing import Self
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded, State, parse_time
from domain.moment import Moment


class Registered(FirstFact):
    """The customer exists; `name_hash` is the salted hash of the erasable name."""

    TOPIC = "customer.registered.1"
    wallet_id: str
    currency: str
    name_hash: str
    actor: str


class WebhookChanged(Fact):
    """Where the customer wants to be told things; the address is an erasable text of that id."""

    TOPIC = "customer.webhook_changed.1"
    webhook_id: str | None
    url_hash: str | None
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
        self.webhook_id: str | None = None
        self.webhook_since: datetime | None = None

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

    def change_webhook(
        self, at: Moment, *, webhook_id: str | None, url_hash: str | None, actor: str
    ) -> None:
        """Name another webhook, or none."""
        if webhook_id != self.webhook_id:
            self.record(WebhookChanged, at, webhook_id=webhook_id, url_hash=url_hash, actor=actor)

    def restore(self, state: State) -> None:
        """Take back the time."""
        super().restore(state)
        self.webhook_since = parse_time(state.get("webhook_since"))

    def when_registered(self, fact: Registered) -> None:
        """Take the wallet and the currency."""
        self.wallet_id = fact.wallet_id
        self.currency = fact.currency
        self.name_hash = fact.name_hash

    def when_webhook_changed(self, fact: WebhookChanged) -> None:
        """Tell what happens from now on; another address in its place misses nothing."""
        if self.webhook_id is None or fact.webhook_id is None:
            self.webhook_since = fact.timestamp
        self.webhook_id = fact.webhook_id
