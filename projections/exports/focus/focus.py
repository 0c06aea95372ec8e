"""The fold: what happened to wallets as rows of FOCUS, in the order of the log."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from domain import inference_request as call, price_book, wallet_events as wallet
from domain.grants import PAID
from domain.money import Nanos
from domain.price_page import Page, card_on, page_of
from domain.service_tier import from_cache
from domain.usage import exclusive
from projections.events import Event, Fields
from projections.exports.categories import Categories
from projections.exports.columns import Row
from projections.exports.focus import lines
from projections.exports.focus.about import Call, common, of_call
from projections.exports.focus.columns import NAMES
from projections.exports.focus.funds import Funds, funds
from projections.exports.focus.lines import Values
from projections.exports.focus.months import Months
from projections.lot_moves import (
    CHARGE,
    CORRECTION,
    EXPIRY,
    GRANT,
    MOVES,
    PRIOR_CORRECTION,
    VOID,
)

CARDS: Final = frozenset({price_book.Published.TOPIC, price_book.Drafted.TOPIC})
"""Every version of the prices: they are the shop's, whoever's charges are exported."""
TOPICS: Final = frozenset((*MOVES, wallet.PeriodClosed.TOPIC))
CALLS: Final = (call.Reserved.TOPIC, call.Charged.TOPIC)
_OF_CALLS: Final = frozenset({wallet.Charged.TOPIC, wallet.Corrected.TOPIC})

Sums = dict[tuple[str, str], Nanos]
"""Changes of a wallet by kind and category."""
Calls = Mapping[str, Call]
"""By their ids."""


class Focus:
    """Takes the log in order; with a month, gives only what is booked in that."""

    def __init__(self, months: Months, issuer: str, month: str | None = None) -> None:
        self._months = months
        self._month = month
        self._categories = Categories()
        self._bought: dict[str, str] = {}
        self._closed: dict[str, str] = {}
        self._pages: dict[str, Page] = {}
        self._common = common(issuer)

    def call_of(self, event: Event) -> str | None:
        """Name the call that must be known to write the event down."""
        return (
            event.fields["request_id"] if event.topic in _OF_CALLS and self._shows(event) else None
        )

    def take(self, events: Iterable[Event], calls: Calls) -> Iterator[Row]:
        """Write down the next events; the calls that `call_of` named are known by their ids."""
        for event in events:
            fact = event.fields
            if event.topic in CARDS:
                self._pages[fact["price_version"]] = page_of(fact)
            elif event.topic == wallet.PeriodClosed.TOPIC:
                self._closed[event.originator_id] = fact["period"]
            else:
                if event.topic == wallet.Granted.TOPIC:
                    self._note(fact)
                if self._shows(event):
                    yield from self._rows(event, calls)

    def _shows(self, event: Event) -> bool:
        return self._month in {None, event.fields["period"]}

    def _note(self, granted: Fields) -> None:
        self._categories.note(granted)
        if granted["category"] == PAID:
            self._bought[granted["grant_id"]] = sys.intern(granted["period"])

    def _rows(self, event: Event, calls: Calls) -> Iterator[Row]:
        position, topic, wallet_id, fact = event
        about = {
            **self._common,
            **self._months.about(wallet_id, fact["period"], fact["timestamp"]),
        }
        if topic in _OF_CALLS:
            about |= of_call(fact["request_id"], calls[fact["request_id"]])
        sums = self._categories.summed(MOVES[topic](fact))
        for line, values in enumerate(self._lines(event, sums, calls)):
            row = {**about, **values, "x_Position": position, "x_Line": line}
            yield [row[name] for name in NAMES]

    def _lines(self, event: Event, sums: Sums, calls: Calls) -> Iterator[Values]:
        fact = event.fields
        if bought := sums.get((GRANT, PAID), 0) + sums.get((VOID, PAID), 0):
            grant_id = fact["grant_id"]
            class_ = self._class_of(event, self._bought[grant_id]) if bought < 0 else None
            yield {**lines.purchase(bought, grant_id), "ChargeClass": class_}
        if event.topic == wallet.Charged.TOPIC:
            yield from self._charge(calls[fact["request_id"]], funds(_of(sums, CHARGE)))
        if event.topic == wallet.Corrected.TOPIC:
            spent = funds(_of(sums, CORRECTION) or _of(sums, PRIOR_CORRECTION))
            yield from self._correction(event, calls[fact["request_id"]].model, spent)
        if expired := sums.get((EXPIRY, PAID)):
            yield lines.breakage(-expired)

    def _charge(self, made: Call, spent: Funds) -> Iterator[Values]:
        model = made.model
        held, charged = made.reserved, made.charged
        card = card_on(self._pages[held["price_version"]], model, held["price_list"])
        assert card is not None, "a call is held at a price that is kept"
        tier = charged["service_tier"]
        if charged["basis"] == call.CACHED:
            card, tier = from_cache(card)
        plain = card.at(exclusive(**charged["usage"]).input_tokens, tier)
        yield from lines.usage(charged["usage"], plain, model, spent)
        if spent.promotional:
            yield lines.credit(spent.promotional, model)

    def _correction(self, event: Event, model: str, spent: Funds) -> Iterator[Values]:
        class_ = {"ChargeClass": self._class_of(event, event.fields["corrects"])}
        yield {**lines.correction(spent, model, event.fields["correction_id"]), **class_}
        if spent.promotional:
            yield {**lines.credit(spent.promotional, model), **class_}

    def _class_of(self, event: Event, month: str) -> str | None:
        """Only what was invoiced before is corrected; within an open month it is just a charge."""
        return "Correction" if month <= self._closed.get(event.originator_id, "") else None


def _of(sums: Sums, kind: str) -> dict[str, Nanos]:
    return {category: change for (k, category), change in sums.items() if k == kind}
