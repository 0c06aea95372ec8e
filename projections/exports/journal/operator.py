"""What is no customer's: supplier cost, and money before it is anybody's credit.

It is booked on the day of UTC, as suppliers and payment providers bill. A payment passes its
provider's clearing account, where a grant takes it from: what is left there is nobody's credit.
"""

from datetime import date
from typing import Final

from domain import inference_request as call, payment_events as payment
from domain.money import Nanos
from projections.events import Event, Fields
from projections.exports.journal import accounts
from projections.exports.journal.entries import Entry, balanced

TOPICS: Final = frozenset(
    {
        call.Attempted.TOPIC,
        payment.Opened.TOPIC,
        payment.Received.TOPIC,
        payment.Refunded.TOPIC,
    }
)


class Operator:
    """Books suppliers' attempts and providers' payments."""

    def __init__(self) -> None:
        self._providers: dict[str, str] = {}

    def provider(self, payment_id: str) -> str | None:
        """Tell whose payment it is; a payment's grant has its id, other grants are nobody's."""
        return self._providers.get(payment_id)

    def entry(self, event: Event, request: Fields) -> Entry | None:
        """Book an event, or None if it moves no money; `request` is how an attempt's call began."""
        fact = event.fields
        if event.topic == payment.Opened.TOPIC:
            self._providers[event.originator_id] = fact["provider"]
            return None
        attempted = event.topic == call.Attempted.TOPIC
        what, currency, pairs = (
            _cost(fact) if attempted else _payment(self._providers[event.originator_id], event)
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
    pairs = [(accounts.upstream(provider), cost), (accounts.payable(provider), -cost)]
    return "upstream cost", fact["cost_currency"], pairs


def _payment(provider: str, event: Event) -> _Booked:
    fact = event.fields
    cash, clearing, amount = accounts.cash(provider), accounts.payments(provider), fact["amount"]
    if event.topic == payment.Received.TOPIC:
        return "payment received", fact["currency"], [(cash, amount), (clearing, -amount)]
    shortfall = fact["shortfall"]
    pairs = [
        (clearing, amount - shortfall),
        (accounts.REFUND_SHORTFALL, shortfall),
        (cash, -amount),
    ]
    return "payment refunded", fact["currency"], pairs
