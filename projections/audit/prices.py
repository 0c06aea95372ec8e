"""Prices: every hold and every charge worked out again from usage and price version (I7, I20)."""

from bisect import insort
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Final

from domain import ids
from domain.inference_request import REPORTED, Charged, Corrected, Reserved
from domain.money import Nanos
from domain.price_book import Drafted, Published, Started
from domain.pricing import UNITS_PER_PRICE, RateCard, content_hash
from domain.quote import Quote
from domain.settle_call import CAPPED_AT_HOLD
from domain.usage import OUTPUT_COMPONENTS, TOKEN_COMPONENTS
from projections.audit.findings import Findings, Judge, judge
from projections.events import Event


@dataclass(slots=True)
class Book:
    """What a price book has published, by version and in order of effect."""

    currency: str
    cards: dict[str, dict[str, RateCard]] = field(default_factory=dict[str, dict[str, RateCard]])
    schedule: list[tuple[datetime, int, str]] = field(
        default_factory=list[tuple[datetime, int, str]]
    )

    def in_force(self, now: datetime) -> str | None:
        """Name the version that a call is quoted by."""
        current = None
        for effective_at, _, version in self.schedule:
            if effective_at <= now:
                current = version
        return current


class PriceAudit:
    """Knows every version ever published, and rates by it."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._books: dict[str, Book] = {}

    def take(self, event: Event) -> None:
        """Learn from one event, if it is a price book's."""
        if event.topic == Started.TOPIC:
            self._books[event.originator_id] = Book(event.fields["currency"])
        elif event.topic in {Published.TOPIC, Drafted.TOPIC}:
            self._publish(event)

    def check_hold(self, event: Event, check: Judge) -> None:
        """Judge the price version and the amount of a hold."""
        fact = event.fields
        version = fact["price_version"]
        book = self._book_of(event)
        now = datetime.fromisoformat(fact["timestamp"])
        in_force = book.in_force(now) if book else None
        check(version == in_force, "price", f"held at {version}, and {in_force} was in force")
        card = self._card(event)
        check(card is not None, "price", f"{version} has no price for {fact['model']}")
        if card is not None:
            quote = Quote(fact["input_tokens"], fact["output_cap"], False, fact["choices"])
            amount = quote.hold(card, fact["output_cap"])
            check(fact["amount"] == amount, "price", f"the hold comes to {amount}")

    def check_charge(self, held: Event | None, event: Event, check: Judge) -> None:
        """Judge the amount of a charge by its usage and the price version of its hold."""
        card = self._card(held) if held is not None else None
        check(card is not None, "price", "there is no price to rate it by")
        if held is None or card is None:
            return
        fact, usage = event.fields, event.fields["usage"]
        sound = usage.keys() <= TOKEN_COMPONENTS and all(n > 0 for n in usage.values())
        check(sound, "usage", "a component is unknown or not above zero")
        cap = held.fields["output_cap"] * held.fields["choices"]
        output = sum(usage.get(component, 0) for component in OUTPUT_COMPONENTS)
        check(output <= cap, "usage", f"{output} output tokens are charged, and {cap} were sent")
        rated, total = rate_again(usage, card), fact["amount"] + fact["absorbed"]
        if CAPPED_AT_HOLD in fact["flags"]:
            hold = held.fields["amount"]
            capped = fact["basis"] != REPORTED and rated > hold
            check(capped, "price", f"capped at the hold of {hold}, though it comes to {rated}")
            rated = hold
        check(total == rated, "price", f"charged and absorbed are {total}, rated again {rated}")

    def rerated(self, history: list[Event], version: str) -> Nanos | None:
        """Tell what rating a charge at another version gives back, or None if that is unknown."""
        held = next((e for e in history if e.topic == Reserved.TOPIC), None)
        charged = next((e for e in history if e.topic == Charged.TOPIC), None)
        book = self._book_of(held) if held else None
        if held is None or charged is None or book is None:
            return None
        model = held.fields["model"]
        first = book.cards.get(held.fields["price_version"], {}).get(model)
        card = book.cards.get(version, {}).get(model)
        if first is None or card is None:
            return None
        corrections = [e.fields for e in history if e.topic == Corrected.TOPIC]
        given: Nanos = sum(c["amount"] for c in corrections)
        paid: Nanos = charged.fields["amount"]
        due = _due(paid, _rated(held, charged, first), _rated(held, charged, card))
        goodwill: Nanos = sum(c["amount"] for c in corrections if c["price_version"] is None)
        return paid - given - max(0, due - goodwill)

    def _publish(self, event: Event) -> None:
        fact, check = event.fields, judge(self._findings, event)
        book = self._books.get(event.originator_id)
        check(book is not None, "price", "the price book was never started")
        if book is None:
            return
        version, cards = fact["price_version"], fact["cards"]
        named = content_hash(cards, book.currency) == version
        check(named, "price", "the version is not named by what it says")
        book.cards[version] = {model: RateCard(prices) for model, prices in cards.items()}
        if event.topic == Drafted.TOPIC:
            return
        effective_at = datetime.fromisoformat(fact["effective_at"])
        insort(book.schedule, (effective_at, len(book.schedule), version))

    def _book_of(self, held: Event) -> Book | None:
        return self._books.get(_book_id(held.originator_id[-_SHARD_DIGITS:]))

    def _card(self, held: Event) -> RateCard | None:
        book = self._book_of(held)
        fact = held.fields
        return book.cards.get(fact["price_version"], {}).get(fact["model"]) if book else None


def _rated(held: Event, charged: Event, card: RateCard) -> Nanos:
    rated = rate_again(charged.fields["usage"], card)
    counted = charged.fields["basis"] != REPORTED
    return min(rated, held.fields["amount"]) if counted else rated


def _due(paid: Nanos, was: Nanos, now: Nanos) -> Nanos:
    """Tell what a charge would have been: what was absorbed is lessened before it is."""
    return paid + max(now - was, min(now - paid, 0))


def rate_again(usage: dict[str, int], card: RateCard) -> Nanos:
    """Rate a usage as the exact fraction that it is; Python's own rounding is half to even."""
    total = card.price(_FEE) + sum(n * card.price(name) for name, n in usage.items())
    return round(Fraction(total, UNITS_PER_PRICE))


@cache
def _book_id(shard: str) -> str:
    return ids.price_book_id(int(shard, 16)).hex


_FEE: Final = "request"
_SHARD_DIGITS: Final = ids.SHARD_BITS // 4
