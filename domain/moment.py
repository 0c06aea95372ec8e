"""The two times of a decision: the one it is stamped with, and the one that may expire things."""

from datetime import datetime
from typing import NamedTuple


class Moment(NamedTuple):
    """The ledger's time, read under its lock."""

    now: datetime
    """What the events of this decision are stamped with; never below the log's last."""
    horizon: datetime
    """Deadlines up to here are due; it lags while a jump of the clock is unconfirmed."""


def moment(now: datetime) -> Moment:
    """Build the ordinary moment, in which the clock is believed."""
    return Moment(now, now)
