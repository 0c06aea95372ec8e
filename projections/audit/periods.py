"""Months: every fact booked where it belongs, none in a closed one, and balances that chain (I10).

A month is found by its bounds here; the wallet finds it by the clock on the wall.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from domain import wallet_events as wallet
from domain.money import Nanos
from domain.periods import DEFAULT_ZONE, next_month, previous_month, start_of
from projections.audit.account import sum_of
from projections.audit.findings import Findings, Judge, judge
from projections.events import Event, Fields


@dataclass(slots=True)
class Months:
    """A wallet's months as an auditor keeps them."""

    first: str
    closed: str = ""
    balance: Nanos = 0
    moved: dict[str, Nanos] = field(default_factory=dict[str, Nanos])
    zones: list[tuple[str, str]] = field(default_factory=lambda: [("", DEFAULT_ZONE)])
    holds: dict[str, tuple[str, Nanos]] = field(default_factory=dict[str, tuple[str, Nanos]])
    """The month and the amount of every open hold."""
    ends: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """When grants run out."""

    def start(self, period: str) -> datetime:
        """Tell when a month begins."""
        return start_of(period, [zone for start, zone in self.zones if start <= period][-1])

    def of(self, moment: datetime) -> str:
        """Find the month whose bounds a moment is within."""
        period = f"{moment:%Y-%m}"
        while moment < self.start(period):
            period = previous_month(period)
        while moment >= self.start(next_month(period)):
            period = next_month(period)
        return period

    @property
    def next_open(self) -> str:
        """The oldest month that something may be booked in."""
        return next_month(self.closed) if self.closed else self.first


class PeriodAudit:
    """Follows every wallet's months."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._months: dict[str, Months] = {}

    def take(self, event: Event) -> None:
        """Judge one event, if it is a wallet's, and follow it."""
        topic, fact = event.topic, event.fields
        if topic == wallet.Opened.TOPIC:
            now = datetime.fromisoformat(fact["timestamp"])
            self._months[event.originator_id] = Months(f"{now:%Y-%m}")
            return
        months = self._months.get(event.originator_id)
        if months is None:
            return
        check = judge(self._findings, event)
        if own := OWN.get(topic):
            expected = max(own(months, fact), months.next_open)
            check(fact["period"] == expected, "period", f"this belongs to {expected}")
            _follow(months, topic, fact)
        elif topic == wallet.TimeZoneChanged.TOPIC:
            _change_zone(months, fact, check)
        elif topic == wallet.PeriodClosed.TOPIC:
            _close(months, fact, check)


def _follow(months: Months, topic: str, fact: Fields) -> None:
    if topic == wallet.Granted.TOPIC and fact["expires_at"]:
        months.ends[fact["grant_id"]] = datetime.fromisoformat(fact["expires_at"])
    elif topic == wallet.Reserved.TOPIC:
        months.holds[fact["request_id"]] = (fact["period"], fact["amount"])
        return
    elif topic in ENDINGS:
        months.holds.pop(fact["request_id"], None)
    moved = SIGN.get(topic, 0) * fact.get("amount", 0) - sum_of(fact.get("expired", []))
    months.moved[fact["period"]] = months.moved.get(fact["period"], 0) + moved


def _change_zone(months: Months, fact: Fields, check: Judge) -> None:
    expected = next_month(max(months.of(_now(months, fact)), months.next_open))
    if start_of(expected, fact["zone"]) <= _now(months, fact):
        expected = next_month(expected)
    later = fact["from_period"] == expected
    check(later, "period", f"the zone applies from {expected} on")
    kept = [(start, zone) for start, zone in months.zones if start < fact["from_period"]]
    months.zones = [*kept, (fact["from_period"], fact["zone"])]


def _close(months: Months, fact: Fields, check: Judge) -> None:
    period = fact["period"]
    check(period == months.next_open, "period", f"{months.next_open} is the next to close")
    over = months.start(next_month(period))
    check(over <= _now(months, fact), "period", f"{period} is not over before {over}")
    opening = fact["opening"]
    check(opening == months.balance, "period", f"the month before closed with {months.balance}")
    closing = months.balance + months.moved.pop(period, 0)
    check(fact["closing"] == closing, "period", f"the month comes to {closing}")
    held = [amount for of, amount in months.holds.values() if of <= period]
    same = (fact["open_holds"], fact["held"]) == (len(held), sum(held))
    check(same, "period", f"{len(held)} calls held {sum(held)}")
    months.closed, months.balance = period, closing


def _now(_: Months, fact: Fields) -> datetime:
    return datetime.fromisoformat(fact["timestamp"])


def _at_its_time(months: Months, fact: Fields) -> str:
    return months.of(_now(months, fact))


def _with_its_hold(months: Months, fact: Fields) -> str:
    hold = months.holds.get(fact["request_id"])
    return hold[0] if hold else _at_its_time(months, fact)


def _with_its_end(months: Months, fact: Fields) -> str:
    ended = months.ends.get(fact["grant_id"])
    return months.of(ended) if ended else _at_its_time(months, fact)


ENDINGS = {wallet.Charged.TOPIC, wallet.Released.TOPIC, wallet.HoldExpired.TOPIC}
OWN: dict[str, Callable[[Months, Fields], str]] = {
    wallet.Granted.TOPIC: _at_its_time,
    wallet.Reserved.TOPIC: _at_its_time,
    **dict.fromkeys(ENDINGS, _with_its_hold),
    wallet.GrantExpired.TOPIC: _with_its_end,
    wallet.GrantVoided.TOPIC: _at_its_time,
    wallet.Corrected.TOPIC: _at_its_time,
}
"""The month that a fact belongs to, were it still open."""
SIGN = {
    wallet.Granted.TOPIC: 1,
    wallet.Charged.TOPIC: -1,
    wallet.GrantExpired.TOPIC: -1,
    wallet.GrantVoided.TOPIC: -1,
    wallet.Corrected.TOPIC: 1,
}
"""How a fact's amount changes what is posted."""
