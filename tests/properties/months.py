"""What months add: they pass, are closed in a row, move with the zone, and are rated again."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain import manage
from domain.close_month import change_time_zone, close_month
from domain.correction_batch import Concerned, open_batch, rerate_call
from domain.price_page import plain_page
from tests.properties.reference_prices import rated
from tests.properties.rules import BooksRules
from tests.strategies import CARDS

ZONES = ("UTC", "Asia/Tokyo", "America/New_York")
GRACE = timedelta(hours=3)


def begins(period: str, zone: str) -> datetime:
    return datetime.fromisoformat(f"{period}-01").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def after(period: str) -> str:
    year, month = map(int, period.split("-"))
    return f"{year + month // 12}-{month % 12 + 1:02d}"


class MonthRules(BooksRules):
    """The reference keeps a list of months, each with the instant at which it ends."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self.zones = {"": "UTC"}
        super().__init__()

    def zone_of(self, period: str) -> str:
        return self.zones[max(start for start in self.zones if start <= period)]

    def ends(self, period: str) -> datetime:
        return begins(after(period), self.zone_of(after(period)))

    @property
    def month(self) -> str:
        """The month that it is now."""
        period = f"{self.begins:%Y-%m}"
        while self.now >= self.ends(period):
            period = after(period)
        return period

    @rule(days=st.integers(20, 40))
    def weeks_pass(self, days: int) -> None:
        self.clock += timedelta(days=days)

    @rule(past=st.sampled_from([timedelta(0), GRACE, -GRACE, timedelta(minutes=1)]))
    def the_month_ends(self, past: timedelta) -> None:
        self.clock = max(self.clock, self.ends(self.month) + past)

    @rule(skip=st.sampled_from([0, 0, 0, 1]))
    def close_a_month(self, skip: int) -> None:
        period = after(self.closed[-1]) if self.closed else f"{self.begins:%Y-%m}"
        if skip:
            period = after(period)
        command = close_month(self.wallet_id, period, grace=GRACE, actor="op")
        if skip or self.now < self.ends(period) + GRACE:
            self.refused(command, "conflict")
            return
        assert self.do(command) == len(self.closed) + 1
        self.reference.expire(self.now)
        self.closed.append(period)
        assert self.unchanged(command) is None

    @rule(zone=st.sampled_from(ZONES))
    def change_the_zone(self, zone: str) -> None:
        months = [self.month, *([after(self.closed[-1])] if self.closed else [])]
        expected = after(max(months))
        if begins(expected, zone) <= self.now:
            expected = after(expected)
        if self.zone_of(expected) == zone and max(self.zones) <= expected:
            self.unchanged(change_time_zone(self.wallet_id, zone=zone, actor="op"))
            return
        command = change_time_zone(self.wallet_id, zone=zone, actor="op")
        assert self.do(command) == expected
        self.zones = {start: old for start, old in self.zones.items() if start < expected}
        self.zones[expected] = zone

    @rule(call=BooksRules.settled, card=st.sampled_from(CARDS))
    def rate_again(self, call: str, card: dict[str, int]) -> None:
        version = self.do(manage.draft_prices(0, plain_page({"m": card}), actor="op"))
        batch_id, who = self.mint(), self.reference.calls[call]["who"]
        opened = {
            "selector": {},
            "upto": 9,
            "count": 1,
            "amount": 0,
            "reason_hash": "h",
            "actor": "op",
        }
        self.do(open_batch(batch_id, price_version=version, **opened))
        amount, correction_id = self.expected_change(call, card), self.mint()
        concerned = Concerned(UUID(hex=call), who.wallet_id, who.key_id)
        command = rerate_call(concerned, batch_id, correction_id)
        if not amount:
            assert self.unchanged(command) == 0
            return
        assert self.do(command) == amount
        self.reference.correct(call, amount, correction_id.hex, self.now)
        self.reference.calls[call]["rated by"] = card
        assert self.unchanged(command) == 0

    def expected_change(self, call: str, card: dict[str, int]) -> int:
        """The difference of two rounded totals, from the facts of the call's own history."""
        reference = self.reference.calls[call]
        facts = [f for f in self.log() if f.originator_id == UUID(hex=call)]
        charge = next((f for f in facts if f.TOPIC.endswith("charged.3")), None)
        if charge is None:
            return 0
        held = {**reference, "hold": facts[0].amount}

        def due(by: dict[str, int]) -> int:
            cards = (reference["card"], by)
            was, now = (rated({**held, "card": c}, charge.usage, charge.basis) for c in cards)
            return min(charge.amount, now) if now <= was else charge.amount + now - was

        corrected = [f for f in facts if f.TOPIC.endswith("corrected.2")]
        goodwill = sum(f.amount for f in corrected if f.price_version is None)
        if reference.get("rated by", reference["card"]) == card:
            return 0
        total: Any = reference["total"]
        return int(total - max(0, due(card) - goodwill))
