"""When a server wants to be asked again."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Final

RETRY_AFTER_MAX: Final = 60
"""Nobody is kept waiting for longer, in seconds."""

_SECONDS: Final = re.compile(r"\d+(?:\.\d*)?", re.ASCII)


def seconds_to_wait(retry_after: str, date: str = "") -> int:
    """Read a Retry-After, seconds or a date: whole seconds between one and a minute.

    `date` is the server's own clock, which its dates go by.
    """
    told = retry_after.strip()
    if _SECONDS.fullmatch(told):
        return _within(float(told))
    until = date_in(told)
    if until is None:
        return 1
    return _within((until - (date_in(date) or datetime.now(UTC))).total_seconds())


def date_in(text: str) -> datetime | None:
    """Read a date as HTTP has it; None for anything else, and for one without a zone."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else None


def _within(seconds: float) -> int:
    return max(1, ceil(min(seconds, RETRY_AFTER_MAX)))
