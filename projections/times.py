"""Times of the ledger's, which are in UTC, as text."""

from datetime import datetime


def write_time(time: datetime) -> str:
    """Write a time with a Z."""
    return time.isoformat().replace("+00:00", "Z")


def write_time_or_none(time: datetime | None) -> str | None:
    """Write a time that need not be there."""
    return None if time is None else write_time(time)
