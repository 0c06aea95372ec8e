"""Wallets as exports know them: whose they are, and how their months are cut."""

from datetime import date, datetime, timedelta
from functools import lru_cache

from domain.calendar import Calendar
from domain.periods import next_month, zone_named
from projections.events import Fields


class Wallet:
    """One customer's wallet; ids in hex."""

    def __init__(self, wallet_id: str, opened: Fields) -> None:
        self.wallet_id = wallet_id
        self.customer_id: str = opened["customer_id"]
        self.currency: str = opened["currency"]
        self.calendar = Calendar()

    def day_of(self, period: str, written: str) -> date:
        """Name the day of an event by the wallet's clocks; one that is late is on its month's edge.

        A charge that ends after midnight belongs to the month of its hold, and what is booked in
        a later month than its own to that one: so a month's days hold just what it is made of.
        """
        zone = zone_named(self.calendar.zone_of(period))
        local = datetime.fromisoformat(written).astimezone(zone).date()
        return min(max(local, first_day(period)), last_day(period))


@lru_cache(1024)
def first_day(period: str) -> date:
    """Name the day on which a month begins."""
    return date(int(period[:4]), int(period[5:]), 1)


@lru_cache(1024)
def last_day(period: str) -> date:
    """Name the day on which a month ends."""
    return first_day(next_month(period)) - timedelta(days=1)
