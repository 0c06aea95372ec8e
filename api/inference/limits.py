"""How an answer shows its caller's rate limits: the tightest of each kind, key or customer."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from adapters.rate_limits.bucket import Level
from domain.limits import REQUESTS, TOKENS

Headers = list[tuple[bytes, bytes]]
LimitHeaders = Callable[[Iterable[Level]], Headers]
MINUTE_MS, SECOND_MS = 60_000, 1_000


def openai_headers(levels: Iterable[Level]) -> Headers:
    """Write `x-ratelimit-…`; resets are durations as Go writes them."""
    return [
        (f"x-ratelimit-{name}-{level.bucket.kind}".encode(), value.encode())
        for level in _tightest(levels)
        for name, value in (
            ("limit", str(level.limit)),
            ("remaining", str(level.remaining)),
            ("reset", write_duration(level.reset_ms)),
        )
    ]


def anthropic_headers(levels: Iterable[Level]) -> Headers:
    """Write `anthropic-ratelimit-…`; resets are times of RFC 3339."""
    return [
        (f"anthropic-ratelimit-{level.bucket.kind}-{name}".encode(), value.encode())
        for level in _tightest(levels)
        for name, value in (
            ("limit", str(level.limit)),
            ("remaining", str(level.remaining)),
            ("reset", _write_instant(level.reset_at_ms)),
        )
    ]


def write_duration(milliseconds: int) -> str:
    """Write a duration as Go does: `0s`, `12ms`, `1.5s`, `6m0s`."""
    if 0 < milliseconds < SECOND_MS:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, MINUTE_MS)
    seconds, fraction = divmod(rest, SECOND_MS)
    decimals = f".{fraction:03d}".rstrip("0") if fraction else ""
    return f"{minutes}m{seconds}{decimals}s" if minutes else f"{seconds}{decimals}s"


def _write_instant(milliseconds: int) -> str:
    """Write the next whole second: a client that waits until then has waited enough."""
    return f"{datetime.fromtimestamp(-(-milliseconds // SECOND_MS), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _tightest(levels: Iterable[Level]) -> Iterator[Level]:
    levels = [*levels]
    for kind in (REQUESTS, TOKENS):
        of_kind = [level for level in levels if level.bucket.kind == kind]
        if of_kind:
            yield min(of_kind, key=lambda level: level.remaining)
