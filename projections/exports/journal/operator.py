"""What is no customer's: supplier cost, and money before it is anybody's credit.

It is booked on the day of UTC, as suppliers and payment providers bill. A payment passes its
provider's clearing account, where a grant takes it from: what is left there is nobody's credit.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from domain import inference_request as call, payment_events as payment
from domain.money import Nanos
from domain.payment import REFUND_FAILED
from domain.refunds import Refunds
from projections.events import Event, Fields
from projections.exports.journal import accounts
from projections.exports.journal.entries import Entry, balanced

PAYMENTS: Final = frozenset(
    {
        payment.Opened.TOPIC,
        payment.Received.TOPIC,
        payment.Refunded.TOPIC,
        payment.Questioned.TOPIC,
    }
)
TOPICS: Final = PAYMENTS | {call.Attempted.TOPIC}


@dataclass(slots=True)
class _Payment:
    """Whose payment it is, and what is known to have gone back, as the payment itself knows it."""

    provider: str
    refunds: Refunds = field(default_factory=Refunds)


class Operator:
    """Books suppliers' attempts and providers' payments."""

    def __init__(self) -> None:
        self._payments: dict[str, _Payment] = {}

    def provider(self, payment_id: str) -> str | None:
        """Tell whose payment it is; a payment's grant has its id, other grants are nobody's."""
        found = self._payments.get(payment_id)
        return found.provider if found else None

    def entry(self, event: Event, request: Fields) -> Entry | None:
        """Book an event, or None if it moves no money; `request` is how an attempt's call began."""
        fact = event.fields
        if event.topic == payment.Opened.TOPIC:
            self._payments[event.originator_id] = _Payment(fact["provider"])
            return None
        attempted = event.topic == call.Attempted.TOPIC
        what, currency, pairs = (
            _cost(fact) if attempted else _moved(self._payments[event.originator_id], event)
        )
        if not (postings := balanced(*pairs)):
            return None
        day = fact["timestamp"][:10]
        return Entry(
            position=event.position,
            day=date.fromisoformat(day),
            period=day[:7],
            what=what,
            currency=currency,
            postings=postings,
            wallet_id=request.get("wallet_id"),
            customer_id=request.get("customer_id"),
            request=request,
            request_id=event.originator_id if attempted else None,
            reference=fact.get("refund_id"),
        )


_Booked = tuple[str, str, list[tuple[str, Nanos]]]


def _cost(fact: Fields) -> _Booked:
    provider, cost = fact["provider"], fact["cost"] or 0
    pairs = _between(accounts.upstream(provider), accounts.payable(provider), cost)
    return "upstream cost", fact["cost_currency"], pairs


def _moved(paid: _Payment, event: Event) -> _Booked:
    """Book money at the provider; a refund that failed came back, and is nobody's credit again."""
    fact = event.fields
    cash, clearing = accounts.cash(paid.provider), accounts.payments(paid.provider)
    if event.topic == payment.Received.TOPIC:
        return "payment received", fact["currency"], _between(cash, clearing, fact["amount"])
    before = paid.refunds.total
    if event.topic == payment.Refunded.TOPIC:
        paid.refunds.take(fact["refund_id"], fact["told"], fact["currency"])
        shortfall = _between(accounts.REFUND_SHORTFALL, clearing, fact["shortfall"])
        return (
            "payment refunded",
            fact["currency"],
            [
                *_between(clearing, cash, paid.refunds.total - before),
                *shortfall,
            ],
        )
    if fact["code"] == REFUND_FAILED:
        paid.refunds.fail(fact["item"], fact["amount"], fact["currency"])
    back = before - paid.refunds.total
    return "refund failed", fact["currency"], _between(cash, clearing, back)


def _between(debit: str, credit: str, nanos: Nanos) -> list[tuple[str, Nanos]]:
    return [(debit, nanos), (credit, -nanos)]
