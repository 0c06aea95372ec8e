"""A customer: whom a wallet and its keys belong to; the name itself is erasable and elsewhere."""

from datetime import datetime
from typing import Self
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded, State, parse_time
from domain.context_policy import WHOLE, ContextPolicy, context_of
from domain.limits import Limits
from domain.moment import Moment
from domain.routing_policy import ANY_ROUTE, RoutingPolicy, policy_of
from domain.security_policy import OPEN, SecurityPolicy, security_of


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


class WebhookSubscribed(Fact):
    """What the customer wants to be told of from now on; none means all there is."""

    TOPIC = "customer.webhook_subscribed.1"
    types: list[str]
    actor: str


class WebhookSecretRotated(Fact):
    """Its webhooks are signed with another secret, of this number; the last one fades out."""

    TOPIC = "customer.webhook_secret_rotated.1"
    number: int
    actor: str


class WebhookTested(Fact):
    """The customer asked for a message, to see whether it arrives."""

    TOPIC = "customer.webhook_tested.1"
    actor: str


class ContactChanged(Fact):
    """Whom bills are for is the erasable text of this id, or nobody in particular."""

    TOPIC = "customer.contact_changed.1"
    contact_id: str | None
    contact_hash: str | None
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


class SecurityChanged(Fact):
    """What is masked, refused and kept of the customer's calls from now on."""

    TOPIC = "customer.security_changed.1"
    rules_id: str | None
    rules_hash: str | None
    masks: list[str]
    logs_content: bool
    retention_days: int
    models: list[str]
    actor: str


class ContextChanged(Fact):
    """How much of a conversation goes upstream from now on, and what is kept for how long."""

    TOPIC = "customer.context_changed.1"
    window_tokens: int | None
    memory_days: int | None
    cache_seconds: int | None
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

    SNAPSHOT_VERSION = 4

    def __init__(self) -> None:
        self.wallet_id = ""
        self.currency = ""
        self.name_hash = ""
        self.contact_id: str | None = None
        self.webhook_id: str | None = None
        self.webhook_since: datetime | None = None
        self.webhook_types: list[str] = []
        self.webhook_secret = 0
        self.webhook_rotated_at: datetime | None = None
        self.webhook_tested_at: datetime | None = None
        self.routing_terms: State | None = None
        self.limit_terms: dict[str, int | None] = {}
        self.security_terms: State | None = None
        self.context_terms: State | None = None
        self.policy_version = 0

    @property
    def security(self) -> SecurityPolicy:
        """What of its calls is masked, refused and kept."""
        return security_of(self.security_terms) if self.security_terms else OPEN

    @property
    def context(self) -> ContextPolicy:
        """How much of its conversations goes upstream."""
        return context_of(self.context_terms) if self.context_terms else WHOLE

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

    def subscribe(self, at: Moment, types: list[str], *, actor: str) -> None:
        """Be told of other things, if they are others; none means all."""
        if types != self.webhook_types:
            self.record(WebhookSubscribed, at, types=types, actor=actor)

    def rotate_webhook_secret(self, at: Moment, *, actor: str) -> None:
        """Have webhooks signed with a new secret."""
        self.record(WebhookSecretRotated, at, number=self.webhook_secret + 1, actor=actor)

    def try_webhook(self, at: Moment, *, actor: str) -> None:
        """Ask for a message that says nothing."""
        self.record(WebhookTested, at, actor=actor)

    def change_contact(
        self, at: Moment, *, contact_id: str | None, contact_hash: str | None, actor: str
    ) -> None:
        """Name another billing contact, or none."""
        if contact_id != self.contact_id:
            self.record(
                ContactChanged, at, contact_id=contact_id, contact_hash=contact_hash, actor=actor
            )

    def change_routing(self, at: Moment, policy: RoutingPolicy, *, actor: str) -> None:
        """Follow another policy, if it is another."""
        if policy != self.routing:
            self.record(RoutingChanged, at, **policy.facts(), actor=actor)

    def change_security(self, at: Moment, policy: SecurityPolicy, *, actor: str) -> None:
        """Follow another security policy, if it is another."""
        if policy != self.security:
            self.record(SecurityChanged, at, **policy.facts(), actor=actor)

    def change_context(self, at: Moment, policy: ContextPolicy, *, actor: str) -> None:
        """Follow another context configuration, if it is another."""
        if policy != self.context:
            self.record(ContextChanged, at, **policy.facts(), actor=actor)

    def change_limits(self, at: Moment, limits: Limits, *, actor: str) -> None:
        """Replace the limits, if they are others."""
        if limits != self.limits:
            self.record(LimitsChanged, at, **limits.facts(), actor=actor)

    def restore(self, state: State) -> None:
        """Take back the times."""
        super().restore(state)
        for name in ("webhook_since", "webhook_rotated_at", "webhook_tested_at"):
            setattr(self, name, parse_time(state.get(name)))

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

    def when_webhook_subscribed(self, fact: WebhookSubscribed) -> None:
        """Take the whole list."""
        self.webhook_types = fact.types

    def when_webhook_secret_rotated(self, fact: WebhookSecretRotated) -> None:
        """Sign with it."""
        self.webhook_secret = fact.number
        self.webhook_rotated_at = fact.timestamp

    def when_webhook_tested(self, fact: WebhookTested) -> None:
        """Remember when, so that nobody has us call too often."""
        self.webhook_tested_at = fact.timestamp

    def when_contact_changed(self, fact: ContactChanged) -> None:
        """Go by the text of that id."""
        self.contact_id = fact.contact_id

    def when_routing_changed(self, fact: RoutingChanged) -> None:
        """Take the whole policy."""
        terms = ("regions", "fallback", "retries", "rollout", "models")
        self.routing_terms = {name: getattr(fact, name) for name in terms}

    def when_limits_changed(self, fact: LimitsChanged) -> None:
        """Take the whole set."""
        self.limit_terms = {name: getattr(fact, name) for name in Limits.__slots__}

    def when_security_changed(self, fact: SecurityChanged) -> None:
        """Take the whole policy; a call prepared under another one is prepared again."""
        self.security_terms = {name: getattr(fact, name) for name in OPEN.facts()}
        self.policy_version += 1

    def when_context_changed(self, fact: ContextChanged) -> None:
        """Take the whole configuration; a call prepared under another one is prepared again."""
        self.context_terms = {name: getattr(fact, name) for name in WHOLE.facts()}
        self.policy_version += 1
