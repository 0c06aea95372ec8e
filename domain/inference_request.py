"""One call: held once, attempted upstream, and ended exactly once."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded
from domain.errors import ConflictError
from domain.grants import Allocation, merged
from domain.moment import Moment
from domain.money import Nanos, format_amount

REPORTED, ESTIMATED, PARTIAL = "reported", "estimated", "partial"
"""Bases of a charge: the provider's usage, our count of a whole answer, of what was relayed."""
CACHED = "cached"
"""One more: the usage of an answer that is given again, for which no provider was asked."""

RESERVED, CHARGED, RELEASED, UNKNOWN = "reserved", "charged", "released", "unknown"


class Reserved(FirstFact):
    """The call is held for, and may go upstream with this output cap."""

    TOPIC = "inference_request.reserved.3"
    customer_id: str
    wallet_id: str
    key_id: str
    model: str
    requested: str
    """The model as the caller named it: an alias, say."""
    surface: str
    amount: Nanos
    price_version: str
    price_list: str | None
    service_tier: str | None
    input_tokens: int
    extras: dict[str, int]
    """Requests to the provider's tools that are held for, by component."""
    output_cap: int
    alternatives: dict[str, int]
    """Further models that may answer under this hold, each with its own output cap."""
    choices: int
    window: str
    expires_at: datetime
    period: str
    tags: dict[str, str]
    client_request_id: str | None
    conversation_id: str | None
    """The customer's conversation that the call belongs to."""


class Attempted(Fact):
    """A supplier was called: what came of it, and what it may bill us. No customer sees this."""

    TOPIC = "inference_request.attempted.1"
    provider: str
    upstream_model: str
    outcome: str
    cost: Nanos | None
    cost_currency: str
    milliseconds: int


class Charged(Fact):
    """The customer pays this, for this usage, at the price version of the hold."""

    TOPIC = "inference_request.charged.3"
    period: str
    model: str | None
    """The model that answered, if it is not the one first held for."""
    service_tier: str | None
    amount: Nanos
    absorbed: Nanos
    basis: str
    usage: dict[str, int]
    reported: dict[str, int]
    flags: list[str]
    provider: str
    allocations: Allocation
    first_byte_ms: int | None
    milliseconds: int


class Released(Fact):
    """Nothing is owed."""

    TOPIC = "inference_request.released.1"
    reason: str
    reported: dict[str, int]
    flags: list[str]
    milliseconds: int


class OutcomeUnknown(Fact):
    """The hold ran out and nobody knows what happened upstream: an item to reconcile."""

    TOPIC = "inference_request.outcome_unknown.1"


class Corrected(Fact):
    """The charge was corrected; the original stands, `total` is what it comes to now."""

    TOPIC = "inference_request.corrected.2"
    period: str
    correction_id: str
    amount: Nanos
    total: Nanos
    allocations: Allocation
    batch_id: str | None
    price_version: str | None
    """What the usage is rated at from now on, if the correction is a re-rating."""
    reason_hash: str
    actor: str


class InferenceRequest(Recorded):
    """The life of one call, by the id that is its money key."""

    TOPIC = "inference_request"

    SNAPSHOT_VERSION = 4

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.state = RESERVED
        self.customer_id = ""
        self.wallet_id = ""
        self.key_id = ""
        self.model = ""
        self.price_version = ""
        self.price_list: str | None = None
        self.service_tier: str | None = None
        self.window = ""
        self.hold: Nanos = 0
        self.extras: dict[str, int] = {}
        self.output_cap = 0
        self.alternatives: dict[str, int] = {}
        self.choices = 1
        self.total: Nanos = 0
        self.drawn: Allocation = []
        self.period = ""
        self.basis = ""
        self.charged: Nanos = 0
        self.usage: dict[str, int] = {}
        self.rated_at = ""
        self.goodwill: Nanos = 0

    @classmethod
    def reserve(cls, at: Moment, request_id: UUID, **facts: Any) -> Self:
        """Begin with the hold; the fields are those of `Reserved`."""
        return cls.begin(Reserved, at, request_id, **facts)

    @property
    def open(self) -> bool:
        """Whether its hold has not been ended yet."""
        return self.state == RESERVED

    def cap_of(self, model: str) -> int | None:
        """Tell what output cap a model was held for with, or None if it was not."""
        return self.output_cap if model == self.model else self.alternatives.get(model)

    @property
    def retired(self) -> bool:
        """Whether it has ended, as far as one can know."""
        return self.state in {CHARGED, RELEASED}

    def attempt(self, at: Moment, **facts: Any) -> None:
        """Record one call of a supplier; the fields are those of `Attempted`."""
        self.record(Attempted, at, **facts)

    def charge(self, at: Moment, **facts: Any) -> None:
        """Record the charge, perhaps a late one; the fields are those of `Charged`."""
        assert self.state in {RESERVED, UNKNOWN}, "a call is charged once"
        self.record(Charged, at, **facts)

    def release(self, at: Moment, **facts: Any) -> None:
        """Record that nothing is owed; the fields are those of `Released`."""
        assert self.state in {RESERVED, UNKNOWN}, "a call is released once"
        self.record(Released, at, **facts)

    def lose(self, at: Moment) -> None:
        """Record that the outcome is unknown."""
        assert self.open, "only an open call can be lost"
        self.record(OutcomeUnknown, at)

    def check_correctable(self, amount: Nanos) -> None:
        """Raise ConflictError unless the correction leaves a charge of zero or more."""
        if self.state not in {CHARGED, RELEASED}:
            message = f"The request is {self.state}; only an ended one can be corrected."
            raise ConflictError(message)
        if not amount:
            message = "A correction of nothing corrects nothing."
            raise ConflictError(message)
        if amount > self.total:
            message = f"Only {format_amount(self.total)} was charged."
            raise ConflictError(message)

    def correct(
        self,
        at: Moment,
        *,
        correction_id: str,
        amount: Nanos,
        allocations: Allocation,
        period: str,
        reason_hash: str,
        actor: str,
        batch_id: str | None = None,
        price_version: str | None = None,
    ) -> None:
        """Link a correction; positive gives credit back."""
        self.record(
            Corrected,
            at,
            correction_id=correction_id,
            amount=amount,
            total=self.total - amount,
            allocations=allocations,
            period=period,
            batch_id=batch_id,
            price_version=price_version,
            reason_hash=reason_hash,
            actor=actor,
        )

    def when_reserved(self, fact: Reserved) -> None:
        """Take what settling needs."""
        for name in (
            "customer_id", "wallet_id", "key_id", "model", "price_version", "price_list",
            "service_tier", "window", "extras", "output_cap", "alternatives", "choices", "period",
        ):  # fmt: skip
            setattr(self, name, getattr(fact, name))
        self.hold = fact.amount
        self.rated_at = fact.price_version

    def when_attempted(self, fact: Attempted) -> None:
        """Change nothing: what a supplier bills is no matter of this call's state."""

    def when_charged(self, fact: Charged) -> None:
        """End."""
        self.state = CHARGED
        self.total = self.charged = fact.amount
        self.period = fact.period
        self.basis = fact.basis
        self.model = fact.model or self.model
        self.service_tier = fact.service_tier
        self.usage = fact.usage
        self.drawn = [(grant_id, part) for grant_id, part in fact.allocations]

    def when_released(self, fact: Released) -> None:
        """End."""
        self.state = RELEASED

    def when_outcome_unknown(self, fact: OutcomeUnknown) -> None:
        """End, for now."""
        self.state = UNKNOWN

    def when_corrected(self, fact: Corrected) -> None:
        """Follow the total, and what is still drawn from which grant."""
        self.total = fact.total
        if fact.price_version is None:
            self.goodwill += fact.amount
        else:
            self.rated_at = fact.price_version
        sign = -1 if fact.amount > 0 else 1
        moved: Allocation = [(grant_id, sign * part) for grant_id, part in fact.allocations]
        self.drawn = [(g, part) for g, part in merged(self.drawn, moved) if part > 0]
