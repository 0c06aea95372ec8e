"""Payments: each becomes one grant of its own amount, and no more goes back than is told."""

from typing import NamedTuple

from domain import payment_events as payment, wallet_events as wallet
from domain.money import Nanos
from domain.refund_payment import REFUND
from projections.audit.findings import Findings, Judge, judge
from projections.events import Event, Fields

RULE = "payments"


class Credit(NamedTuple):
    """A grant as its fact has it."""

    wallet_id: str
    amount: Nanos
    reference: str | None


class Followed:
    """What the facts of one payment add up to."""

    def __init__(self, opened: Fields) -> None:
        self.reference = f"{opened['provider']}:{opened['reference']}"
        self.amount: Nanos | None = None
        self.applied: Event | None = None
        self.refunded: Nanos = 0
        self.voided: Nanos = 0
        self.shortfall: Nanos = 0


class PaymentAudit:
    """Follows payments, and the grants that could be theirs."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._payments: dict[str, Followed] = {}
        self._grants: dict[str, Credit] = {}
        self._voided: dict[str, Nanos] = {}

    def take(self, event: Event) -> None:
        """Judge one event, if it concerns a payment, and follow it."""
        fact = event.fields
        if event.topic == payment.Opened.TOPIC:
            self._payments[event.originator_id] = Followed(fact)
        elif event.topic == wallet.Granted.TOPIC:
            if fact["reference"] is not None:
                credit = Credit(event.originator_id, fact["amount"], fact["reference"])
                self._grants[fact["grant_id"]] = credit
        elif event.topic == wallet.GrantVoided.TOPIC and fact["reason"] == REFUND:
            before = self._voided.get(fact["grant_id"], 0)
            self._voided[fact["grant_id"]] = before + fact["amount"]
        elif known := self._payments.get(event.originator_id):
            self._follow(known, event, judge(self._findings, event))

    def finish(self) -> None:
        """Judge each payment by its grant; a commit has the two in any order."""
        for known in self._payments.values():
            if known.applied is None:
                continue
            fact = known.applied.fields
            wanted = Credit(fact["wallet_id"], known.amount or 0, known.reference)
            check = judge(self._findings, known.applied)
            check(self._grants.get(fact["grant_id"]) == wanted, RULE, "no grant of that payment")
            voided = self._voided.get(fact["grant_id"], 0)
            check(voided >= known.voided, RULE, f"{voided} was voided for its refunds")

    def _follow(self, known: Followed, event: Event, check: Judge) -> None:
        fact = event.fields
        if event.topic == payment.Received.TOPIC:
            check(known.amount is None, RULE, "the money came in before")
            known.amount = fact["amount"]
        elif event.topic == payment.Applied.TOPIC:
            check(known.amount is not None, RULE, "no money has come in")
            check(known.applied is None, RULE, "credited before")
            known.applied = event
        elif event.topic == payment.Refunded.TOPIC:
            known.refunded += fact["amount"]
            known.voided += fact["voided"]
            known.shortfall += fact["shortfall"]
            taken = known.voided + known.shortfall
            check(taken <= known.refunded, RULE, "more is taken back than was refunded")
