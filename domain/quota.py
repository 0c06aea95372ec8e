"""A key's quota of money, by window of time."""

from dataclasses import dataclass
from datetime import UTC, datetime

from domain.money import Nanos

NONE, DAY, MONTH = "none", "day", "month"
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Quota:
    """How many nanos a key may spend in one window; `none` never resets."""

    amount: Nanos
    window: str = NONE


def window_of(now: datetime, window: str) -> str:
    """Name the window that a moment falls in, in UTC: `2026-11-20`, `2026-11` or `all`."""
    now = now.astimezone(UTC)
    if window == DAY:
        return f"{now:%Y-%m-%d}"
    return f"{now:%Y-%m}" if window == MONTH else _ALL


def is_within(name: str, window: str) -> bool:
    """Tell whether a window, by its name, is this one or a part of it."""
    return window in {name, _ALL} or name.startswith(f"{window}-")
