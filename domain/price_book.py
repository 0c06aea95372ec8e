"""The price book: every rate card, in versions that are named by what they say."""

from datetime import datetime
from typing import Self
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded, State, parse_time
from domain.grants import NEVER
from domain.moment import Moment
from domain.price_page import Cards, Lists, Page, Terms, card_on, version_of
from domain.pricing import RateCard


class Started(FirstFact):
    """The book exists, without a page; its prices are in one currency for ever."""

    TOPIC = "price_book.started.1"
    currency: str


class Published(Fact):
    """From `effective_at` on, calls are quoted by this version."""

    TOPIC = "price_book.published.2"
    price_version: str
    effective_at: datetime
    cards: Cards
    terms: Terms
    lists: Lists
    actor: str


class Drafted(Fact):
    """A version for corrections to name; no call is ever quoted by it."""

    TOPIC = "price_book.drafted.2"
    price_version: str
    cards: Cards
    terms: Terms
    lists: Lists
    actor: str


class PriceBook(Recorded):
    """All versions ever published; a charge uses the version of its hold."""

    TOPIC = "price_book"

    SNAPSHOT_VERSION = 2

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.currency = ""
        self.versions: dict[str, Cards] = {}
        self.terms: dict[str, Terms] = {}
        self.lists: dict[str, Lists] = {}
        self.schedule: list[tuple[datetime, str]] = []
        self._cards: dict[tuple[str, str, str | None], RateCard] = {}

    @classmethod
    def start(cls, at: Moment, book_id: UUID, *, currency: str) -> Self:
        """Start an empty book."""
        return cls.begin(Started, at, book_id, currency=currency)

    def publish(
        self, at: Moment, page: Page, *, actor: str, effective_at: datetime | None = None
    ) -> str:
        """Publish a version unless it is already the one in force then; returns its name."""
        price_version = version_of(page, self.currency)
        effective_at = max(effective_at or at.now, at.now)
        if self.version_at(effective_at) != price_version:
            self.record(
                Published,
                at,
                price_version=price_version,
                effective_at=effective_at,
                **page,
                actor=actor,
            )
        return price_version

    def draft(self, at: Moment, page: Page, *, actor: str) -> str:
        """Keep a version that is not to come into force; returns its name."""
        price_version = version_of(page, self.currency)
        if price_version not in self.versions:
            self.record(Drafted, at, price_version=price_version, actor=actor, **page)
        return price_version

    def version_at(self, now: datetime) -> str | None:
        """Name the version in force: the latest to take effect, and of those the last published."""
        current = None
        for effective_at, price_version in self.schedule:
            if effective_at <= now:
                current = price_version
        return current

    def lists_at(self, now: datetime) -> list[str]:
        """Name the price lists of the version in force."""
        current = self.version_at(now)
        return [] if current is None else sorted(self.lists[current])

    def page(self, price_version: str) -> Page | None:
        """Give all that a version says, or None if there is none of that name."""
        if price_version not in self.versions:
            return None
        return Page(
            cards=self.versions[price_version],
            terms=self.terms[price_version],
            lists=self.lists[price_version],
        )

    def pages(self) -> dict[str, Page]:
        """Give all versions by their names."""
        return {
            name: Page(cards=cards, terms=self.terms[name], lists=self.lists[name])
            for name, cards in self.versions.items()
        }

    def card(
        self, price_version: str, model: str, price_list: str | None = None
    ) -> RateCard | None:
        """Find a model's rate card in a version, or None if it has no price there.

        What a customer's list does not price is priced as for everybody.
        """
        key = (price_version, model, price_list)
        if key not in self._cards:
            page = self.page(price_version)
            card = card_on(page, model, price_list) if page else None
            if card is None:
                return None
            self._cards[key] = card
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
        self._keep(fact)
        self.schedule.append((fact.effective_at, fact.price_version))
        self.schedule.sort(key=lambda entry: entry[0])

    def when_drafted(self, fact: Drafted) -> None:
        """Add the version, without a time of effect."""
        self._keep(fact)

    def _keep(self, fact: Published | Drafted) -> None:
        self.versions[fact.price_version] = fact.cards
        self.terms[fact.price_version] = fact.terms
        self.lists[fact.price_version] = fact.lists
