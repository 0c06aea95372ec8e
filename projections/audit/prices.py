"""Prices: every hold and every charge worked out again from usage and price version (I7, I20)."""

from bisect import insort
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Final

from domain import ids
from domain.inference_request import CACHED, REPORTED, Charged, Corrected, Reserved
from domain.money import Nanos
from domain.price_book import Drafted, Published, Started
from domain.price_page import Page, card_again, card_on, page_of, version_of
from domain.pricing import FEE, UNITS_PER_PRICE, RateCard, Step
from domain.quote import Quote
from domain.service_tier import CACHED_TIER
from domain.settle_call import CAPPED_AT_HOLD
from domain.usage import COUNTERS, INPUT_COMPONENTS, METERED, OUTPUT_COMPONENTS
from domain.wallet_events import PriceListChanged
from projections.answered import model_of
from projections.audit.findings import Findings, Judge, judge
from projections.audit.price_pages import is_priced
from projections.events import Event, Fields


@dataclass(slots=True)
class Book:
    """What a price book has published, by version and in order of effect."""

    currency: str
    pages: dict[str, Page] = field(default_factory=dict[str, Page])
    cards: dict[tuple[str, str, str | None], RateCard | None] = field(
        default_factory=dict[tuple[str, str, str | None], RateCard | None]
    )
    """As far as they were asked for: by version, model and price list."""
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

    def card(self, version: str, model: str, price_list: str | None) -> RateCard | None:
        """Find a model's prices for the customers of a list, or None."""
        key = (version, model, price_list)
        if key not in self.cards:
            page = self.pages.get(version)
            self.cards[key] = None if page is None else card_on(page, model, price_list)
        return self.cards[key]


class PriceAudit:
    """Knows every version ever published and who is on which price list, and rates by it."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._books: dict[str, Book] = {}
        self._lists: dict[str, str | None] = {}

    def take(self, event: Event) -> None:
        """Learn from one event, if it is about prices."""
        if event.topic == Started.TOPIC:
            self._books[event.originator_id] = Book(event.fields["currency"])
        elif event.topic in {Published.TOPIC, Drafted.TOPIC}:
            self._publish(event)
        elif event.topic == PriceListChanged.TOPIC:
            self._lists[event.originator_id] = event.fields["price_list"]

    def check_hold(self, event: Event, check: Judge) -> None:
        """Judge the price version, the price list and the amount of a hold."""
        fact = event.fields
        version = fact["price_version"]
        book = self._book_of(event)
        now = datetime.fromisoformat(fact["timestamp"])
        in_force = book.in_force(now) if book else None
        check(version == in_force, "price", f"held at {version}, and {in_force} was in force")
        mine = self._lists.get(fact["wallet_id"])
        check(fact["price_list"] == mine, "price", f"the wallet is on the price list {mine}")
        asked = (*fact["extras"].values(), *_caps(fact).values())
        check(min(asked) >= 0, "price", "a cap or a number of requests is below zero")
        holds = list[Nanos]()
        for model, cap in _caps(fact).items():
            card = self._card(event, model)
            priced = card is not None and _prices_all(card, fact)
            check(priced, "price", f"{version} has no price for {model} and all that it may use")
            if card is not None and priced:
                holds.append(_quote(fact, cap).hold(card, cap))
        amount = max(holds, default=fact["amount"])
        check(fact["amount"] == amount, "price", f"the hold comes to {amount}")

    def check_charge(self, held: Event | None, event: Event, check: Judge) -> None:
        """Judge the amount of a charge by its usage and the price version of its hold."""
        model = model_of(held.fields, event.fields) if held is not None else ""
        card = self._card(held, model) if held is not None else None
        check(card is not None, "price", "there is no price to rate it by")
        if held is None or card is None:
            return
        fact, usage = event.fields, event.fields["usage"]
        cap = _caps(held.fields).get(model)
        check(cap is not None, "price", f"{model} answered, which was not held for")
        sound = usage.keys() <= _METERED and all(n > 0 for n in usage.values())
        check(sound, "usage", "a component is unknown or not above zero")
        most = (cap or 0) * held.fields["choices"]
        output = sum(usage.get(component, 0) for component in OUTPUT_COMPONENTS)
        check(output <= most, "usage", f"{output} output tokens are charged, and {most} were sent")
        unheld = _unheld(usage, held.fields)
        check(not unheld, "usage", f"requests to tools are charged that nobody held for: {unheld}")
        rated = _rated_as_served(held.fields, fact, card, check)
        total, hold = fact["amount"] + fact["absorbed"], held.fields["amount"]
        counted = fact["basis"] != REPORTED
        if CAPPED_AT_HOLD in fact["flags"]:
            capped = counted and rated > hold
            check(capped, "price", f"capped at the hold of {hold}, though it comes to {rated}")
        if counted:
            rated = min(rated, hold)
        check(total == rated, "price", f"charged and absorbed are {total}, rated again {rated}")

    def rerated(self, history: list[Event], version: str) -> Nanos | None:
        """Tell what rating a charge at another version gives back, or None if that is unknown.

        A version without its model or its price list changes nothing.
        """
        held = next((e for e in history if e.topic == Reserved.TOPIC), None)
        charged = next((e for e in history if e.topic == Charged.TOPIC), None)
        book = self._book_of(held) if held else None
        if held is None or charged is None or book is None:
            return None
        model = model_of(held.fields, charged.fields)
        first = self._card(held, model)
        page = book.pages.get(version)
        card = page and card_again(page, model, held.fields["price_list"])
        if first is None:
            return None
        if card is None:
            return 0
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
        version, page = fact["price_version"], page_of(fact)
        named = version_of(page, book.currency) == version
        check(named, "price", "the version is not named by what it says")
        readable = is_priced(page)
        check(readable, "price", "the version holds what are no prices")
        if readable:
            book.pages[version] = page
        if event.topic == Drafted.TOPIC:
            return
        effective_at = datetime.fromisoformat(fact["effective_at"])
        insort(book.schedule, (effective_at, len(book.schedule), version))

    def _book_of(self, held: Event) -> Book | None:
        return self._books.get(_book_id(held.originator_id[-_SHARD_DIGITS:]))

    def _card(self, held: Event, model: str) -> RateCard | None:
        book = self._book_of(held)
        fact = held.fields
        return book.card(fact["price_version"], model, fact["price_list"]) if book else None


def _caps(held: Fields) -> dict[str, int]:
    """Give every model that may answer, with its output cap."""
    return {held["model"]: held["output_cap"], **held["alternatives"]}


def _quote(held: Fields, cap: int) -> Quote:
    return Quote(
        held["input_tokens"],
        cap,
        clamps=False,
        choices=held["choices"],
        service_tier=held["service_tier"],
        extras=held["extras"],
    )


def _unheld(usage: dict[str, int], held: Fields) -> list[str]:
    """Name the tools that are charged more often than they were held for."""
    return [name for name in COUNTERS if usage.get(name, 0) > held["extras"].get(name, 0)]


def _prices_all(card: RateCard, held: Fields) -> bool:
    """Tell whether the card prices the service tier and the tools that are held for."""
    tier = held["service_tier"]
    return (tier is None or tier in card.tiers) and held["extras"].keys() <= card.prices.keys()


def _rated_as_served(held: Fields, fact: Fields, card: RateCard, check: Judge) -> Nanos:
    """Rate a charge at the service tier that it names, if it may name that one."""
    tier, usage = fact["service_tier"], fact["usage"]
    if fact["basis"] == CACHED:
        cached = tier == (CACHED_TIER if CACHED_TIER in card.tiers else None)
        check(cached, "price", f"rated at the service tier {tier}, though it is from a cache")
        return _rated_from_cache(usage, card)
    asked = tier in {None, held["service_tier"]}
    check(asked, "price", f"rated at the service tier {tier}, which was not held for")
    return rate_again(usage, card, tier if asked else None)


def _rated_from_cache(usage: dict[str, int], card: RateCard) -> Nanos:
    """Rate an answer that was given again: for nothing, where the card has no tier for it."""
    return rate_again(usage, card, CACHED_TIER) if CACHED_TIER in card.tiers else 0


def _rated(held: Event, charged: Event, card: RateCard) -> Nanos:
    if charged.fields["basis"] == CACHED:
        rated = _rated_from_cache(charged.fields["usage"], card)
    else:
        tier = charged.fields["service_tier"]
        rated = rate_again(charged.fields["usage"], card, tier if tier in card.tiers else None)
    counted = charged.fields["basis"] != REPORTED
    return min(rated, held.fields["amount"]) if counted else rated


def _due(paid: Nanos, was: Nanos, now: Nanos) -> Nanos:
    """Tell what a charge would have been: what was absorbed is lessened before it is."""
    return paid + max(now - was, min(now - paid, 0))


def rate_again(usage: dict[str, int], card: RateCard, tier: str | None = None) -> Nanos:
    """Rate a usage as the exact fraction that it is; Python's own rounding is half to even."""
    prompt = sum(usage.get(component, 0) for component in INPUT_COMPONENTS)
    prices, share = dict(card.prices), Fraction(*card.multiplier)
    steps = list(card.above)
    if tier is not None:
        served = card.tiers[tier]
        share *= Fraction(*served.multiplier)
        steps += [Step(-1, served.prices), *served.above]
    for step in steps:
        if prompt > step.tokens:
            prices |= step.prices
    plain = RateCard(prices)
    total = plain.price(FEE) + sum(n * plain.price(name) for name, n in usage.items())
    return round(Fraction(total, UNITS_PER_PRICE) * share)


@cache
def _book_id(shard: str) -> str:
    return ids.price_book_id(int(shard, 16)).hex


_METERED: Final = frozenset(METERED)
_SHARD_DIGITS: Final = ids.SHARD_BITS // 4
