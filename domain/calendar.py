"""A wallet's months: which zone cuts them, which are closed, and what each has moved.

A closed month never changes: whatever belongs to it and comes late is booked in the oldest
month that is still open.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from domain.money import Nanos
from domain.periods import DEFAULT_ZONE, month_of, next_month, previous_month, start_of


@dataclass(slots=True)
class Calendar:
    """Amounts are changes of the posted balance, in nanos."""

    first: str = ""
    """The month in which the wallet was opened."""
    closed: str = ""
    """The last closed month, or nothing."""
    balance: Nanos = 0
    """What was posted at the end of the last closed month."""
    moved: dict[str, Nanos] = field(default_factory=dict[str, Nanos])
    """What has been booked in each open month."""
    zones: list[tuple[str, str]] = field(default_factory=lambda: [("", DEFAULT_ZONE)])
    """(from which month on, zone), the oldest first."""

    @property
    def next_to_close(self) -> str:
        """The oldest month that is open: months are closed one after the other."""
        return next_month(self.closed) if self.closed else self.first

    def month_of(self, now: datetime) -> str:
        """Name the month that a moment is in; a new zone's months begin where the old one's end."""
        later = ""
        for start, zone in reversed(self.zones):
            month = month_of(now, zone)
            if month >= start:
                return min(month, previous_month(later)) if later else month
            later = start
        raise AssertionError(self.zones)

    def booked(self, month: str) -> str:
        """Name the month to book in: this one, or if it is closed the oldest open one."""
        return month if month > self.closed else next_month(self.closed)

    def period_of(self, now: datetime) -> str:
        """Name the month in which something of this moment is booked."""
        return self.booked(self.month_of(now))

    def zone_of(self, period: str) -> str:
        """Name the zone that cuts a month."""
        return next(zone for start, zone in reversed(self.zones) if start <= period)

    def bounds(self, period: str) -> tuple[datetime, datetime]:
        """Tell when a month begins and when the next one does, in UTC."""
        after = next_month(period)
        return start_of(period, self.zone_of(period)), start_of(after, self.zone_of(after))

    def closing(self, period: str) -> Nanos:
        """Tell what is posted at the end of the next month to close."""
        return self.balance + self.moved.get(period, 0)

    def move(self, period: str, change: Nanos) -> None:
        """Book a change of the posted balance."""
        self.moved[period] = self.moved.get(period, 0) + change

    def close(self, period: str) -> None:
        """Carry a month's closing balance forward."""
        self.balance = self.closing(period)
        self.moved.pop(period, None)
        self.closed = period

    def change_zone(self, zone: str, from_period: str) -> None:
        """Cut months by another zone from a later month on; replaces a change still to come."""
        self.zones = [(start, old) for start, old in self.zones if start < from_period]
        self.zones.append((from_period, zone))

    def to_state(self) -> dict[str, Any]:
        """Write it as plain JSON values."""
        return asdict(self)

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Self:
        """Read what `to_state` wrote."""
        zones = [(start, zone) for start, zone in state.pop("zones")]
        return cls(**state, zones=zones)
