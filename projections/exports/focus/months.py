"""Months of wallets, read ahead: a row names the invoice that its month will have."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

from domain.periods import zone_named
from domain.wallet_events import Opened, PeriodClosed, TimeZoneChanged
from projections.events import Event
from projections.exports.focus.about import whose
from projections.exports.wallets import Wallet
from projections.statement.number import format_number

TOPICS: Final = frozenset({Opened.TOPIC, PeriodClosed.TOPIC, TimeZoneChanged.TOPIC})

_REMEMBERED: Final = 4_096
"""Days of wallets that are kept: thousands of rows say the same of one."""


class Months:
    """Every wallet, and the number of each closed month's statement."""

    def __init__(self) -> None:
        self.wallets: dict[str, Wallet] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._day = lru_cache(_REMEMBERED)(self._describe)

    def take(self, events: Iterable[Event]) -> None:
        """Follow openings, zones and closings."""
        for _, topic, wallet_id, fact in events:
            if topic == Opened.TOPIC:
                self.wallets[wallet_id] = Wallet(wallet_id, fact)
            elif topic == TimeZoneChanged.TOPIC:
                self.wallets[wallet_id].calendar.change_zone(fact["zone"], fact["from_period"])
            else:
                self._numbers[wallet_id, fact["period"]] = fact["number"]

    def about(self, wallet_id: str, period: str, written: str) -> dict[str, Any]:
        """Tell whose a booking is, its billing period, its day within that, and its invoice."""
        return self._day(wallet_id, period, self.wallets[wallet_id].day_of(period, written))

    def _describe(self, wallet_id: str, period: str, day: date) -> dict[str, Any]:
        wallet = self.wallets[wallet_id]
        return {**whose(wallet), **self._times(wallet, period, day)}

    def _times(self, wallet: Wallet, period: str, day: date) -> dict[str, Any]:
        start, end = wallet.calendar.bounds(period)
        zone = wallet.calendar.zone_of(period)
        number = self._numbers.get((wallet.wallet_id, period))
        return {
            "BillingPeriodStart": start,
            "BillingPeriodEnd": end,
            "ChargePeriodStart": max(start, _midnight(day, zone)),
            "ChargePeriodEnd": min(end, _midnight(day + timedelta(days=1), zone)),
            "InvoiceId": None if number is None else format_number(number),
            "x_BillingPeriod": period,
        }


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), zone_named(zone)).astimezone(UTC)
