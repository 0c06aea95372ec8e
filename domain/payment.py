"""A payment at a provider: exactly one grant however often and in whatever order it is told of.

Σ what refunds add to all that is refunded ≥ voided + shortfall
"""

from dataclasses import asdict
from typing import Self
from uuid import UUID

from domain import ids, payment_events as facts
from domain.aggregate import Recorded, State
from domain.errors import ConflictError
from domain.moment import Moment
from domain.money import Nanos
from domain.refunds import Refunds

REFUND_FAILED, REFUND_CURRENCY = "refund_failed", "refund_currency"
"""Codes of questions; a dispute's is `dispute_` and its status."""
SUM = "sum"
"""The item of a question that is about no single refund."""


class Payment(Recorded):
    """One payment, named by the provider and the provider's own id."""

    TOPIC = "payment"
    SNAPSHOT_VERSION = 2

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.provider = ""
        self.reference = ""
        self.received = False
        self.amount: Nanos = 0
        self.currency = ""
        self.problem: str | None = None
        self.customer_id = ""
        self.wallet_id = ""
        self.grant_id = ""
        self.refunds = Refunds()
        self.voided: Nanos = 0
        self.shortfall: Nanos = 0
        self.questions: list[str] = []

    @staticmethod
    def id_of(shard: int, provider: str, reference: str) -> UUID:
        """Find the one aggregate of a payment; its hex is also the id of its grant."""
        return ids.named(shard, "payment", provider, reference)

    @classmethod
    def open(cls, at: Moment, payment_id: UUID, *, provider: str, reference: str) -> Self:
        """Begin to follow a payment, whatever was told of it first."""
        return cls.begin(facts.Opened, at, payment_id, provider=provider, reference=reference)

    @property
    def applied(self) -> bool:
        """Whether the money became a grant."""
        return bool(self.grant_id)

    @property
    def refunded(self) -> Nanos:
        """Tell how much is known to have gone back."""
        return self.refunds.total

    def check_appliable(self, currency: str) -> None:
        """Raise ConflictError unless there is money here that a wallet of this currency can take.

        What went back before it was credit is money no longer.
        """
        if not self.received or not self.amount:
            message = "No money has come in with this payment."
        elif self.currency != currency:
            message = f"The payment is in {self.currency}, the wallet in {currency}."
        else:
            return
        raise ConflictError(message)

    def receive(self, at: Moment, *, amount: Nanos, currency: str, problem: str | None) -> None:
        """Record that money came in."""
        assert not self.received, "money comes in once"
        self.record(facts.Received, at, amount=amount, currency=currency, problem=problem)

    def apply_to(
        self, at: Moment, *, customer_id: str, wallet_id: str, grant_id: str, actor: str
    ) -> None:
        """Say whose credit it became; the caller grants it in the same commit."""
        assert self.received, "credit is made of money"
        assert not self.applied, "money becomes credit once"
        self.record(
            facts.Applied,
            at,
            customer_id=customer_id,
            wallet_id=wallet_id,
            grant_id=grant_id,
            actor=actor,
        )

    def refund(
        self, at: Moment, *, refund_id: str | None, told: Nanos, currency: str, unused: Nanos
    ) -> Nanos:
        """Record a refund, or a sum of refunds; returns how much unused credit goes with it.

        The caller takes that from the grant in the same commit. Nothing is recorded twice.
        """
        if currency != (self.currency or self.refunds.currency or currency):
            self.question(
                at, code=REFUND_CURRENCY, item=refund_id or SUM, amount=told, currency=currency
            )
            return 0
        if not self.refunds.is_news(refund_id, told):
            return 0
        return self._refund(
            at,
            refund_id=refund_id,
            told=told,
            currency=currency,
            more=self.refunds.adds(refund_id, told, currency),
            unused=unused,
        )

    def settle(self, at: Moment, *, unused: Nanos) -> Nanos:
        """Take back what was refunded before there was credit; returns how much."""
        if not self.refunded:
            return 0
        if self.refunds.currency != self.currency:
            self.question(
                at,
                code=REFUND_CURRENCY,
                item=SUM,
                amount=self.refunded,
                currency=self.refunds.currency,
            )
            return 0
        return self._refund(
            at,
            refund_id=None,
            told=self.refunded,
            currency=self.currency,
            more=0,
            unused=unused,
        )

    def question(self, at: Moment, *, code: str, item: str, amount: Nanos, currency: str) -> None:
        """Put something before the operator, once."""
        if _question(code, item) not in self.questions:
            self.record(
                facts.Questioned, at, code=code, item=item, amount=amount, currency=currency
            )

    def when_opened(self, fact: facts.Opened) -> None:
        """Take the name."""
        self.provider = fact.provider
        self.reference = fact.reference

    def when_received(self, fact: facts.Received) -> None:
        """Take the money."""
        self.received = True
        self.amount = fact.amount
        self.currency = fact.currency
        self.problem = fact.problem

    def when_applied(self, fact: facts.Applied) -> None:
        """Remember whose it is."""
        self.customer_id = fact.customer_id
        self.wallet_id = fact.wallet_id
        self.grant_id = fact.grant_id
        self.problem = None

    def when_refunded(self, fact: facts.Refunded) -> None:
        """Count what went back, in the account that it was told in."""
        self.refunds.take(fact.refund_id, fact.told, fact.currency)
        self.voided += fact.voided
        self.shortfall += fact.shortfall

    def when_questioned(self, fact: facts.Questioned) -> None:
        """Remember the question; a refund that failed counts no more, told before or after."""
        self.questions.append(_question(fact.code, fact.item))
        if fact.code == REFUND_FAILED:
            self.refunds.fail(fact.item, fact.amount, fact.currency)

    def to_state(self) -> State:
        """Write what went back as plain JSON values."""
        return {**super().to_state(), "refunds": asdict(self.refunds)}

    def restore(self, state: State) -> None:
        """Take back what went back."""
        super().restore(state)
        self.refunds = Refunds(**state["refunds"])

    def _refund(
        self,
        at: Moment,
        *,
        refund_id: str | None,
        told: Nanos,
        currency: str,
        more: Nanos,
        unused: Nanos,
    ) -> Nanos:
        due = max(0, self.refunded + more - self.voided - self.shortfall) if self.applied else 0
        voided = min(due, unused)
        self.record(
            facts.Refunded,
            at,
            refund_id=refund_id,
            told=told,
            currency=currency,
            amount=more,
            voided=voided,
            shortfall=due - voided,
        )
        return voided


def _question(code: str, item: str) -> str:
    return f"{code} {item}"
