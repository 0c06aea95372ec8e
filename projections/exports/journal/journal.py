"""The journal: a fold that writes down every event that moves money as a balanced transaction."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from domain import inference_request as call, wallet_events as wallet
from domain.money import Nanos
from projections.errors import LogError
from projections.events import Event, Fields
from projections.exports.journal import operator
from projections.exports.journal.entries import Balance, Entry, balanced
from projections.exports.journal.lots import Lots
from projections.exports.journal.operator import Operator
from projections.exports.journal.wallet_book import WalletBook
from projections.exports.wallets import first_day
from projections.lot_moves import MOVES

HOLDS: Final = frozenset({wallet.Reserved.TOPIC})
"""What moves no money: only for who wants to see holds."""
WALLETS: Final = frozenset(
    (*MOVES, wallet.Opened.TOPIC, wallet.TimeZoneChanged.TOPIC, wallet.PeriodClosed.TOPIC)
)
OPERATORS: Final = operator.TOPICS
TOPICS: Final = WALLETS | OPERATORS

_WHAT: Final = {
    wallet.Granted.TOPIC: "grant",
    wallet.Reserved.TOPIC: "hold",
    wallet.Charged.TOPIC: "charge",
    wallet.Released.TOPIC: "release",
    wallet.HoldExpired.TOPIC: "hold expired",
    wallet.GrantExpired.TOPIC: "grant expired",
    wallet.GrantVoided.TOPIC: "grant voided",
    wallet.Corrected.TOPIC: "correction",
}
_OF_A_MODEL: Final = frozenset({wallet.Charged.TOPIC, wallet.Corrected.TOPIC})

Requests = Mapping[str, Fields]
"""How calls began, by their id."""


def call_of(event: Event) -> str | None:
    """Name the call whose beginning must be known to book the event."""
    if event.topic == call.Attempted.TOPIC:
        return event.originator_id
    return event.fields["request_id"] if event.topic in _OF_A_MODEL else None


class Journal:
    """Takes the log in order; with a month, gives only what is booked in that.

    With holds, also what opens and ends them, which is off the books.
    """

    def __init__(self, month: str | None = None, *, holds: bool = False) -> None:
        self._month = month
        self._holds = holds
        self._operator = Operator()
        self._lots = Lots(self._operator.provider)
        self._wallets: dict[str, WalletBook] = {}

    def take(self, events: Iterable[Event], requests: Requests) -> Iterator[Entry | Balance]:
        """Book the next events; raises LogError where a month's closing is not what it must be."""
        for event in events:
            if event.topic in OPERATORS:
                yield from self._shown(
                    self._operator.entry(event, requests.get(event.originator_id, {}))
                )
            elif event.topic in _WHAT:
                yield from self._shown(self._book(event, requests))
            else:
                yield from self._follow(event)

    def finish(self) -> Iterator[Entry | Balance]:
        """Tell what open months have come to, and what the exported month began with."""
        for book in self._wallets.values():
            if self._month is not None:
                yield from _opening(book, self._month)
            yield from book.finish()

    def _shown(self, entry: Entry | None) -> Iterator[Entry]:
        if entry is not None and self._month in {None, entry.period}:
            yield entry

    def _follow(self, event: Event) -> list[Balance]:
        """Follow a wallet's months."""
        fact, wallet_id = event.fields, event.originator_id
        if event.topic == wallet.Opened.TOPIC:
            self._wallets[wallet_id] = WalletBook(wallet_id, fact, self._month)
            return []
        book = self._wallets[wallet_id]
        if event.topic == wallet.TimeZoneChanged.TOPIC:
            book.calendar.change_zone(fact["zone"], fact["from_period"])
            return []
        posted, balances = book.close(fact["period"])
        if posted != fact["closing"]:
            message = f"{fact['period']} was closed at {fact['closing']} but comes to {posted}"
            raise LogError(event.position, message)
        return balances

    def _book(self, event: Event, requests: Requests) -> Entry | None:
        position, topic, wallet_id, fact = event
        book, request_id = self._wallets[wallet_id], str(fact.get("request_id") or "")
        if topic == wallet.Granted.TOPIC:
            self._lots.note(fact)
        request = requests[request_id] if topic in _OF_A_MODEL else {}
        moves = MOVES[topic](fact) if topic in MOVES else []
        pairs = self._lots.postings(wallet_id, moves, request.get("model", ""))
        postings, held = balanced(*pairs), _held(topic, fact) if self._holds else 0
        if not postings and not held:
            return None
        book.post(fact["period"], postings, held)
        return Entry(
            position=position,
            day=book.day_of(fact["period"], fact["timestamp"]),
            period=fact["period"],
            what=_WHAT[topic],
            currency=book.currency,
            postings=postings,
            held=held,
            wallet_id=wallet_id,
            customer_id=book.customer_id,
            grant_id=fact.get("grant_id"),
            request=request,
            request_id=request_id or None,
            reference=fact.get("reference"),
            actor=fact.get("actor"),
        )


def _opening(book: WalletBook, month: str) -> Iterator[Entry]:
    postings = book.opening()
    if postings or book.held_before:
        yield Entry(
            position=0,
            day=first_day(month),
            period=month,
            what="opening",
            currency=book.currency,
            postings=postings,
            held=book.held_before,
            wallet_id=book.wallet_id,
            customer_id=book.customer_id,
        )


def _held(topic: str, fact: Fields) -> Nanos:
    amount: Nanos = fact["amount"] if topic in HOLDS else -fact.get("held", 0)
    return amount
