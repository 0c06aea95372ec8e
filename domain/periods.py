"""Months: written `2026-11`, and cut where a time zone's midnight says."""

import re
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from domain.errors import InvalidRequestError

DEFAULT_ZONE = "UTC"
_MONTH = re.compile(r"(?!0000)[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_DECEMBER = 12


class UnknownZoneError(InvalidRequestError):
    """The time zone is none that IANA names."""

    code = "unknown_time_zone"

    def __init__(self, zone: str) -> None:
        super().__init__(f"There is no time zone {zone[:60]!r}; give one such as Europe/Berlin.")


def parse_month(text: str) -> str:
    """Accept a month such as `2026-11`, or raise ValueError."""
    if _MONTH.fullmatch(text) is None:
        message = f"{text[:40]!r} is not a month such as 2026-11"
        raise ValueError(message)
    return text


@cache
def zone_named(zone: str) -> ZoneInfo:
    """Find a time zone, or raise UnknownZoneError."""
    try:
        return ZoneInfo(zone)
    except (OSError, ValueError, LookupError):
        raise UnknownZoneError(zone) from None


def month_of(now: datetime, zone: str = DEFAULT_ZONE) -> str:
    """Name the month that a moment is in, by the clocks of a zone."""
    local = now.astimezone(UTC if zone == DEFAULT_ZONE else zone_named(zone))
    return f"{local.year:04d}-{local.month:02d}"


def next_month(period: str) -> str:
    """Name the month after."""
    year, month = _parts(period)
    return f"{year + 1:04d}-01" if month == _DECEMBER else f"{year:04d}-{month + 1:02d}"


def previous_month(period: str) -> str:
    """Name the month before."""
    year, month = _parts(period)
    return f"{year - 1:04d}-12" if month == 1 else f"{year:04d}-{month - 1:02d}"


def start_of(period: str, zone: str = DEFAULT_ZONE) -> datetime:
    """Tell when a month begins in a zone, in UTC; a midnight that clocks skip is the next hour."""
    year, month = _parts(period)
    return datetime(year, month, 1, tzinfo=zone_named(zone)).astimezone(UTC)


def bounds(period: str, zone: str = DEFAULT_ZONE) -> tuple[datetime, datetime]:
    """Tell when a month begins and when the next one does, both in UTC."""
    return start_of(period, zone), start_of(next_month(period), zone)


def _parts(period: str) -> tuple[int, int]:
    return int(period[:4]), int(period[5:])
