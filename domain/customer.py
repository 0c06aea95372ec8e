"""A customer: whom a wallet and its keys belong to; the name itself is erasable and elsewhere."""

from datetime import datetime
from typing import Self
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded, State, parse_time
from domain.limits import Limits
from domain.moment import Moment
from domain.routing_policy import ANY_ROUTE, RoutingPolicy, policy_of


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


class RoutingChanged(Fact):
    """Which models and routes the customer's calls may take from now on; no lists mean any."""

    TOPIC = "customer.routing_changed.1"
    regions: list[str]
    fallback: bool
    retries: int
    rollout: dict[str, int]
    models: list[str]
    actor: str


class LimitsChanged(Fact):
    """How much a minute and how many at once its keys together may call; None is no limit."""

    TOPIC = "customer.limits_changed.1"
    requests_per_minute: int | None
    tokens_per_minute: int | None
    parallel_calls: int | None
    actor: str


class Customer(Recorded):
    """One customer with one wallet."""

    TOPIC = "customer"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    SNAPSHOT_VERSION = 2

    def __init__(self) -> None:
        self.wallet_id = ""
        self.currency = ""
        self.name_hash = ""
        self.webhook_id: str | None = None
        self.webhook_since: datetime | None = None
        self.routing_terms: State | None = None
        self.limit_terms: dict[str, int | None] = {}

    @property
    def routing(self) -> RoutingPolicy:
        """What its calls' routing must follow."""
        return policy_of(self.routing_terms) if self.routing_terms else ANY_ROUTE

    @property
    def limits(self) -> Limits:
        """How much a minute and how many at once its keys together may call."""
        return Limits(**self.limit_terms)

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

    def change_routing(self, at: Moment, policy: RoutingPolicy, *, actor: str) -> None:
        """Follow another policy, if it is another."""
        if policy != self.routing:
            self.record(RoutingChanged, at, **policy.facts(), actor=actor)

    def change_limits(self, at: Moment, limits: Limits, *, actor: str) -> None:
        """Replace the limits, if they are others."""
        if limits != self.limits:
            self.record(LimitsChanged, at, **limits.facts(), actor=actor)

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

    def when_routing_changed(self, fact: RoutingChanged) -> None:
        """Take the whole policy."""
        terms = ("regions", "fallback", "retries", "rollout", "models")
        self.routing_terms = {name: getattr(fact, name) for name in terms}

    def when_limits_changed(self, fact: LimitsChanged) -> None:
        """Take the whole set."""
        self.limit_terms = {name: getattr(fact, name) for name in Limits.__slots__}
