"""Months of wallets, read ahead: a row names the invoice that its month will have."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any, Final

from domain.periods import zone_named
from domain.wallet_events import Opened, PeriodClosed, TimeZoneChanged
from projections.events import Event
from projections.exports.wallets import Wallet
from projections.statement.number import format_number

TOPICS: Final = frozenset({Opened.TOPIC, PeriodClosed.TOPIC, TimeZoneChanged.TOPIC})


class Months:
    """Every wallet, and the number of each closed month's statement."""

    def __init__(self) -> None:
        self.wallets: dict[str, Wallet] = {}
        self._numbers: dict[tuple[str, str], int] = {}

    def take(self, events: Iterable[Event]) -> None:
        """Follow openings, zones and closings."""
        for _, topic, wallet_id, fact in events:
            if topic == Opened.TOPIC:
                self.wallets[wallet_id] = Wallet(wallet_id, fact)
            elif topic == TimeZoneChanged.TOPIC:
                self.wallets[wallet_id].calendar.change_zone(fact["zone"], fact["from_period"])
            else:
                self._numbers[wallet_id, fact["period"]] = fact["number"]

    def times(self, wallet: Wallet, period: str, written: str) -> dict[str, Any]:
        """Give the billing period of a booking, its day within that, and its invoice if any."""
        start, end = wallet.calendar.bounds(period)
        day = wallet.day_of(period, written)
        zone = wallet.calendar.zone_of(period)
        number = self._numbers.get((wallet.wallet_id, period))
        return {
            "BillingPeriodStart": start,
            "BillingPeriodEnd": end,
            "ChargePeriodStart": max(start, _midnight(day.toordinal(), zone)),
            "ChargePeriodEnd": min(end, _midnight(day.toordinal() + 1, zone)),
            "InvoiceId": None if number is None else format_number(number),
            "x_BillingPeriod": period,
        }


@lru_cache(4096)
def _midnight(ordinal: int, zone: str) -> datetime:
    day = datetime.fromordinal(ordinal)
    return datetime.combine(day, time(), zone_named(zone)).astimezone(UTC)
