"""The price book: every rate card, in versions that are named by what they say."""

from datetime import datetime
from typing import Self
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded, State, parse_time
from domain.grants import NEVER
from domain.moment import Moment
from domain.money import Nanos
from domain.pricing import RateCard, content_hash

Cards = dict[str, dict[str, Nanos]]
"""Prices by model, then by component, in nanos per 1,000,000 units."""


class Started(FirstFact):
    """The book exists, without a page; its prices are in one currency for ever."""

    TOPIC = "price_book.started.1"
    currency: str


class Published(Fact):
    """From `effective_at` on, calls are quoted by this version."""

    TOPIC = "price_book.published.1"
    price_version: str
    effective_at: datetime
    cards: Cards
    actor: str


class Drafted(Fact):
    """A version for corrections to name; no call is ever quoted by it."""

    TOPIC = "price_book.drafted.1"
    price_version: str
    cards: Cards
    actor: str


class PriceBook(Recorded):
    """All versions ever published; a charge uses the version of its hold."""

    TOPIC = "price_book"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.currency = ""
        self.versions: dict[str, Cards] = {}
        self.schedule: list[tuple[datetime, str]] = []
        self._cards: dict[tuple[str, str], RateCard] = {}

    @classmethod
    def start(cls, at: Moment, book_id: UUID, *, currency: str) -> Self:
        """Start an empty book."""
        return cls.begin(Started, at, book_id, currency=currency)

    def publish(
        self, at: Moment, cards: Cards, *, actor: str, effective_at: datetime | None = None
    ) -> str:
        """Publish a version unless it is already the one in force then; returns its name."""
        price_version = content_hash(cards, self.currency)
        effective_at = max(effective_at or at.now, at.now)
        if self.version_at(effective_at) != price_version:
            self.record(
                Published,
                at,
                price_version=price_version,
                effective_at=effective_at,
                cards=cards,
                actor=actor,
            )
        return price_version

    def draft(self, at: Moment, cards: Cards, *, actor: str) -> str:
        """Keep a version that is not to come into force; returns its name."""
        price_version = content_hash(cards, self.currency)
        if price_version not in self.versions:
            self.record(Drafted, at, price_version=price_version, cards=cards, actor=actor)
        return price_version

    def version_at(self, now: datetime) -> str | None:
        """Name the version in force: the latest to take effect, and of those the last published."""
        current = None
        for effective_at, price_version in self.schedule:
            if effective_at <= now:
                current = price_version
        return current

    def card(self, price_version: str, model: str) -> RateCard | None:
        """Find a model's rate card in a version, or None if it has no price there."""
        key = (price_version, model)
        if key not in self._cards:
            prices = self.versions.get(price_version, {}).get(model)
            if prices is None:
                return None
            self._cards[key] = RateCard(prices)
        return self._cards[key]

    def restore(self, state: State) -> None:
        """Take back the schedule with its times."""
        schedule = state.pop("schedule")
        super().restore(state)
        self.schedule = [(parse_time(at) or NEVER, name) for at, name in schedule]

    def when_started(self, fact: Started) -> None:
        """Begin empty."""
        self.currency = fact.currency

    def when_published(self, fact: Published) -> None:
        """Add the version and put it in order of effect."""
        self.versions[fact.price_version] = fact.cards
        self.schedule.append((fact.effective_at, fact.price_version))
        self.schedule.sort(key=lambda entry: entry[0])

    def when_drafted(self, fact: Drafted) -> None:
        """Add the version, without a time of effect."""
        self.versions[fact.price_version] = fact.cards
