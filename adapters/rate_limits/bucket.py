"""A bucket that fills with calls or tokens and runs empty within a minute.

The algorithm is pyrate-limiter's GCRA: a full limit may be spent at once, and is then given back
evenly. Its whole state is one number, the microsecond at which the bucket will be empty.
"""

from typing import Final, NamedTuple
from uuid import UUID

from pyrate_limiter import GCRA, Duration, Rate

NEVER_MS: Final = -1
"""A wait that does not help: the call alone is beyond the limit."""

_GCRA: Final = GCRA()
_MINUTE_US: Final = 60_000_000
_DEBT_US: Final = 2 * _MINUTE_US
"""A call that came to more than its estimate blocks no longer than about a minute."""


class Bucket(NamedTuple):
    """Whose bucket it is, and of what."""

    holder: UUID
    kind: str


class Taking(NamedTuple):
    """So much to be taken from a bucket with this limit a minute; negative gives back."""

    bucket: Bucket
    limit: int
    amount: int


class Level(NamedTuple):
    """How a bucket stands."""

    bucket: Bucket
    limit: int
    remaining: int
    reset_ms: int
    """Until all of it is there again."""
    reset_at_ms: int
    """The same as a time since 1970, by the database's clock."""


class Taken(NamedTuple):
    """What came of takings that are made together or not at all."""

    levels: list[Level]
    refused: Bucket | None = None
    retry_ms: int = 0


def take(state: int, taking: Taking, now_ms: int) -> tuple[int, int | None]:
    """Give the new state, and None or after how many milliseconds it would have fitted."""
    rate = Rate(taking.limit, Duration.MINUTE)
    (after,), decision = _GCRA.step([rate], (state,), now_ms, taking.amount)
    if decision.allowed:
        return int(after), None
    wait = decision.retry_after_ms
    return state, NEVER_MS if wait is None else wait


def correct(state: int, taking: Taking, now_ms: int) -> int:
    """Give the state after an amount that was estimated turned out larger or smaller."""
    now = now_ms * 1000
    return min(max(state, now) + taking.amount * _microseconds_each(taking.limit), now + _DEBT_US)


def level(state: int, taking: Taking, now_ms: int) -> Level:
    """Tell how a bucket in this state stands."""
    rate = Rate(taking.limit, Duration.MINUTE)
    used = _GCRA.consumed([rate], (state,), now_ms)
    reset_ms = max(0, -(-state // 1000) - now_ms)
    return Level(
        taking.bucket, taking.limit, max(0, taking.limit - used), reset_ms, now_ms + reset_ms
    )


def _microseconds_each(limit: int) -> int:
    """Ask the algorithm how long one unit lasts: it rounds in favour of the limit."""
    (after,), _ = _GCRA.step([Rate(limit, Duration.MINUTE)], (0,), 0, 1)
    return int(after)
