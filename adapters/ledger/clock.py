"""The ledger's time: the database's clock, never backwards, and not believed when it leaps."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from domain.moment import Moment

LEAP_MAX = timedelta(minutes=10)
"""How far the database's clock may run ahead of our own before expiry stops."""

_log = logging.getLogger("tollbook.ledger")


class LedgerClock:
    """Compares two readings of the database's clock with the time that passed here.

    After a leap nothing expires until the clock is back in step or the gateway is started
    again, by which the operator confirms it. `monotonic` is in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._trusted: tuple[datetime, float] | None = None
        self._last = datetime.min.replace(tzinfo=UTC)
        self.leapt = False

    def moment(self, database_now: datetime, log_last: datetime | None) -> Moment:
        """Turn a reading under the lock into the moment of a decision."""
        now = max(database_now, log_last or self._last, self._last)
        self._last = now
        here = self._monotonic()
        if self._trusted is None:
            self._trusted = (database_now, here)
            return Moment(now, min(now, database_now))
        trusted, since = self._trusted
        expected = trusted + timedelta(seconds=here - since)
        leapt = database_now - expected > LEAP_MAX
        if leapt != self.leapt:
            self.leapt = leapt
            _log.error("clock leapt", extra={"leapt": leapt, "ahead": str(database_now - expected)})
        if leapt:
            return Moment(now, expected)
        self._trusted = (database_now, here)
        return Moment(now, min(now, database_now))
