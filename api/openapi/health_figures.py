"""How figures of calls are shown: whole, or as series of a chart."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from domain import ids
from domain.money import format_amount
from projections.read_observation import (
    API_KEY,
    OK,
    OPEN,
    OUTCOMES,
    PERCENTILES,
    REFUSED,
    Health,
    Percentiles,
)

NOTHING: Final = Health(None, {}, {}, None, None, 0, 0, None, 0)
_PLACES: Final = Decimal("0.0001")
_CHARTED: Final = (50, 95)


def describe_health(found: Health) -> dict[str, Any]:
    """Show how calls went."""
    return {
        "calls": _calls(found),
        "success_rate": _success_rate(found),
        "outcomes": {outcome: found.counts.get(outcome, 0) for outcome in OUTCOMES},
        "errors": found.errors,
        "latency": {
            "first_byte_ms": _percentiles(found.first_byte_ms),
            "total_ms": _percentiles(found.total_ms),
        },
        "input_tokens": found.input_tokens,
        "output_tokens": found.output_tokens,
        "output_tokens_per_second": found.tokens_per_second,
        "charge": format_amount(found.total),
    }


def describe_group(found: Health, dimension: str) -> dict[str, Any]:
    """Show how the calls of a model or a key went."""
    if dimension == API_KEY:
        return {"api_key_id": ids.public(ids.KEY, found.group), **describe_health(found)}
    return {"model": found.group, **describe_health(found)}


def describe_series(buckets: Sequence[Health], currency: str) -> Iterator[dict[str, Any]]:
    """Show a series for each figure, a value for each bucket."""
    for name, unit, value in (*_FIGURES, ("charge", currency, _charge)):
        yield {"name": name, "unit": unit, "values": [value(found) for found in buckets]}


def floor(time: datetime, bucket: timedelta) -> datetime:
    """Give the beginning of the bucket of UTC that a time is in."""
    midnight = time.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (time - midnight) // bucket * bucket


def _calls(found: Health) -> int:
    return sum(found.counts.values())


def _success_rate(found: Health) -> str | None:
    ended = _calls(found) - found.counts.get(OPEN, 0)
    if not ended:
        return None
    return str((Decimal(found.counts.get(OK, 0)) / ended).quantize(_PLACES))


def _percentiles(found: Percentiles) -> dict[str, int] | None:
    if found is None:
        return None
    return {f"p{percent}": value for percent, value in zip(PERCENTILES, found, strict=True)}


def _errors(found: Health) -> int:
    """Count the calls that ended, but neither well nor in part."""
    return sum(calls for outcome, calls in found.counts.items() if outcome in {"failed", "unknown"})


def _charge(found: Health) -> str:
    return format_amount(found.total)


def _percentile(percent: int, values: Callable[[Health], Percentiles]) -> Callable[[Health], Any]:
    place = PERCENTILES.index(percent)

    def pick(found: Health) -> int | None:
        measured = values(found)
        return None if measured is None else measured[place]

    return pick


_FIGURES: Final[Sequence[tuple[str, str, Callable[[Health], Any]]]] = (
    ("calls", "calls", _calls),
    ("errors", "calls", _errors),
    ("refused", "calls", lambda found: found.counts.get(REFUSED, 0)),
    ("success_rate", "ratio", _success_rate),
    *(
        (f"first_byte_p{percent}", "ms", _percentile(percent, lambda found: found.first_byte_ms))
        for percent in _CHARTED
    ),
    *(
        (f"total_p{percent}", "ms", _percentile(percent, lambda found: found.total_ms))
        for percent in _CHARTED
    ),
    ("input_tokens", "tokens", lambda found: found.input_tokens),
    ("output_tokens", "tokens", lambda found: found.output_tokens),
)
