"""A year of three customers, told by commands on a clock of our own: every kind of event in it.

Grants and expiries, over 50,000 calls, prices that change mid-month, corrections across months, a
batch re-rating, a debt, a crash with late charges, a change of zone, and eleven closed months.
"""

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain import ids, manage
from domain.close_month import change_time_zone, close_month
from domain.correction_batch import Concerned, complete_batch, open_batch, rerate_call, rerated_by
from domain.errors import GatewayError
from domain.inference_request import ESTIMATED, PARTIAL, REPORTED
from domain.periods import next_month
from domain.price_page import Cards, plain_page
from domain.pricing import RateCard, rate
from domain.reserve_call import Identity, Reservation
from domain.settle_call import Attempt, Outcome
from domain.usage import exclusive
from domain.wallet_state import DEBT
from tests.domain.shop import Shop

CENT = 10_000_000
DAY = timedelta(days=1)
START = datetime(2025, 1, 1, 9, tzinfo=UTC)
END = datetime(2026, 1, 3, 15, tzinfo=UTC)
CALLS = 64_000
FIRST: Cards = {
    "heron": {"input": 15 * CENT, "cached_input": 7 * CENT, "output": 60 * CENT},
    "tern": {"input": 251 * CENT, "output": 1_003 * CENT, "reasoning": 1_100 * CENT},
    "wren": {"input": 0, "output": 0, "request": 30_000 * CENT},
}
DEARER: Cards = {**FIRST, "tern": {"input": 300 * CENT, "output": 1_500 * CENT}}
MISTAKEN: Cards = {**DEARER, "heron": {"input": 150 * CENT, "output": 60 * CENT}}
LAST: Cards = {
    **DEARER,
    "heron": {"input": 12 * CENT, "cached_input": 3 * CENT, "output": 47 * CENT},
}
COST = {
    "heron": RateCard({"input": 12 * CENT, "cached_input": 6 * CENT, "output": 48 * CENT}),
    "tern": RateCard({"input": 200 * CENT, "output": 800 * CENT}),
    "wren": None,
}
ZONES = ("UTC", "Europe/Berlin", "America/New_York")
PRICES = {(5, 17): DEARER, (6, 12): MISTAKEN, (6, 20): DEARER, (9, 15): LAST}
"""What is published on which day."""


@dataclass
class Customer:
    """Who calls, with which keys."""

    who: Identity
    keys: list[Identity] = field(default_factory=list)


class Year(Shop):
    """Deterministic by its seed; `calls` scales it down for tests that need less."""

    def __init__(self, seed: int = 0, calls: int = CALLS) -> None:
        super().__init__(cards=FIRST, now=START, tags={"cost_center": "research"})
        self.random = random.Random(seed)  # noqa: S311  a story, not a secret
        self.calls = calls
        self.charged: list[Reservation] = []
        self.lost: list[Reservation] = []
        self.customers = [Customer(self.who)]
        for _ in ZONES[1:]:
            self.customers.append(Customer(self.join(tags={"cost_center": "sales"})))
        for customer, zone in zip(self.customers, ZONES, strict=True):
            customer.keys = [customer.who, self.second_key(customer.who)]
            self.zone(customer, zone)
        self.who = self.customers[2].who
        self.terms(limit=100 * CENT, policy=DEBT)

    def second_key(self, who: Identity) -> Identity:
        """Create one more key of a customer, with a quota and no tags."""
        self.who = Identity(self.mint(), self.mint(), who.wallet_id, who.customer_id)
        new = self.new_key(quota=manage.Quota(300 * CENT, "month"))
        self.do(manage.create_key(who.customer_id, who.wallet_id, new))
        return self.who

    def zone(self, customer: Customer, zone: str) -> None:
        self.do(change_time_zone(customer.who.wallet_id, zone=zone, actor="operator"))

    def tell(self) -> "Year":
        """Let the year pass, day by day."""
        month = f"{START:%Y-%m}"
        for day in self.days():
            self.now = max(self.now, day)
            if cards := PRICES.get((day.month, day.day)):
                self.publish(cards)
            if day.day == 1:
                self.fund(day)
            if day.day == 3 and f"{day:%Y-%m}" > month:
                month = self.close(month)
                self.look_back(day)
            if (day.month, day.day) == (7, 1):
                self.zone(self.customers[1], "Asia/Tokyo")
            if day < END - 3 * DAY:
                self.live(day)
        return self

    def days(self) -> Iterator[datetime]:
        day = START.replace(hour=0)
        while day < END:
            yield day
            day += DAY

    def live(self, day: datetime) -> None:
        """Make a day's calls; the last day of a month has some that end in the next."""
        count = self.calls // 365 + (self.random.random() < self.calls % 365 / 365)
        pause = timedelta(seconds=80_000 / max(1, count))
        late: list[Reservation] = []
        for _ in range(count):
            self.now += pause * self.random.uniform(0.2, 1.0)
            held = self.hold()
            if held is not None and self.random.random() < 0.02:
                late.append(held)
            elif held is not None:
                self.end(held)
        self.now = max(self.now, day + DAY - timedelta(minutes=3))
        eve = [held for held in (self.hold() for _ in range(6)) if held is not None]
        if (day + DAY).day != 1:
            eve, late = [], late + eve
        for held in late:
            self.sweep_all(held) if held.expires_at <= self.now else self.end(held)
        self.now = max(self.now, day + DAY) + timedelta(minutes=1)
        crash = (day.month, day.day) == (8, 31)
        self.lost += eve if crash else []
        for held in () if crash else eve:
            self.end(held)
        self.sweep_lost()

    def hold(self) -> Reservation | None:
        customer = self.random.choice(self.customers)
        self.who = self.random.choice(customer.keys)
        model = self.random.choice(["heron"] * 5 + ["tern"] * 3 + ["wren"])
        tags = {"cost_center": "special"} if self.random.random() < 0.1 else {}
        call = self.call(
            self.random.randint(5, 9_000),
            self.random.choice([16, 256, 1_024]),
            model=model,
            tags=tags,
            clamps=self.random.random() < 0.5,
        )
        with suppress(GatewayError):
            return self.do(call)
        return None

    def end(self, held: Reservation) -> None:
        """End a call in one of the ways that calls end."""
        self.who = held.identity
        self.now += timedelta(milliseconds=self.random.randint(200, 20_000))
        chance = self.random.random()
        if chance < 0.03:
            failed = Attempt("north", held.model, "status_500", None, "USD", 90)
            self.settle(held, Outcome(90, reason="upstream_error"), attempts=(failed,))
            return
        basis = REPORTED if chance < 0.95 else self.random.choice([ESTIMATED, PARTIAL])
        self.settle_with(held, basis)

    def settle_with(self, held: Reservation, basis: str) -> None:
        tokens = self.random.randint(3, 9_500)
        cached = self.random.choice([0, 0, tokens // 2])
        usage = {"input": tokens - cached, "output": self.random.randint(1, held.output_cap or 1)}
        usage |= {"cached_input": cached} if cached else {}
        card = COST[held.model]
        cost = rate(exclusive(**usage), card) if card else None
        attempts = [Attempt("south", held.model, "ok", cost, "USD", 700)]
        if self.random.random() < 0.05:
            attempts.insert(0, Attempt("north", held.model, "timeout", None, "USD", 5_000))
        outcome = Outcome(700, basis=basis, usage=usage, provider="south", first_byte_ms=120)
        self.settle(held, outcome, attempts=tuple(attempts))
        self.charged.append(held)

    def fund(self, day: datetime) -> None:
        """Buy and give credit; some of it runs out, once at the very end of a month."""
        for number, customer in enumerate(self.customers):
            self.who = customer.who
            self.grant((1_300 - 350 * number) * CENT, reference=f"stripe:pi_{day:%Y%m}_{number}")
            until = day + timedelta(days=self.random.choice([2, 14, 45]))
            if day.month == 4:
                until = datetime(2025, 5, 1, tzinfo=UTC)
            self.grant(100 * CENT, category="promotional", expires_at=until)
        if day.month in {3, 10}:
            grant_id = self.grant(77 * CENT, category="promotional")
            void = manage.void_grant(
                self.who.wallet_id, grant_id, reason="mistake", actor="operator"
            )
            self.do(void)

    def close(self, month: str) -> str:
        """Close a month of every wallet; gives the next one."""
        self.now += timedelta(hours=15)
        for customer in self.customers:
            wallet_id = customer.who.wallet_id
            self.do(close_month(wallet_id, month, grace=timedelta(hours=12), actor="operator"))
        return next_month(month)

    def look_back(self, day: datetime) -> None:
        """Correct charges of closed months, and charge late what a crash had lost."""
        for held in self.random.sample(self.charged[-2_000:], min(5, len(self.charged))):
            total = self.request(held).total
            self.who = held.identity
            with suppress(GatewayError):
                self.correct(held, self.random.choice([total, total // 2, -3 * CENT]))
        for held in self.lost[:4]:
            self.settle_with(held, REPORTED)
        self.lost = self.lost[4:] if self.lost else []
        if day.month == 7:
            self.rerate()

    def rerate(self) -> None:
        """Correct in one batch what a mistaken price overcharged in June."""
        version = self.do(manage.draft_prices(0, plain_page(DEARER), actor="operator"))
        wrong = [held for held in self.charged if held.price_version == self.mistaken]
        changes = [rerated_by(self.request(held), self.book, version) for held in wrong]
        batch_id = self.mint()
        announced: dict[str, Any] = {
            "price_version": version,
            "selector": {"period": "2025-06", "price_version": self.mistaken},
            "upto": len(self.ledger.facts),
            "count": sum(change != 0 for change in changes),
            "amount": sum(changes),
            "reason_hash": "hash",
            "actor": "operator",
        }
        self.do(open_batch(batch_id, **announced))
        amounts = [self.do(self.rerating(held, batch_id)) for held in wrong]
        done = [amount for amount in amounts if amount]
        self.do(complete_batch(batch_id, count=len(done), amount=sum(done)))

    def rerating(self, held: Reservation, batch_id: UUID) -> Any:
        call = Concerned(held.request_id, held.identity.wallet_id, held.identity.key_id)
        return rerate_call(call, batch_id, self.mint())

    @property
    def mistaken(self) -> str:
        return next(name for name, cards in self.book.versions.items() if cards == MISTAKEN)

    def sweep_all(self, held: Reservation) -> None:
        self.who = held.identity
        self.sweep(held)

    def sweep_lost(self) -> None:
        for held in self.lost:
            if held.expires_at <= self.now:
                self.sweep_all(held)


def year_ids(year: Year) -> list[str]:
    """Name the customers as the outside does."""
    return [ids.public(ids.CUSTOMER, customer.who.customer_id) for customer in year.customers]
