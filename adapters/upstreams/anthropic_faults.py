"""What Anthropic's error answers say, as far as it may be used."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from adapters.protocols.counters import within
from adapters.upstreams.dialect import Fault
from adapters.upstreams.retry_after import date_in

_LIMITS: Final = ("requests", "tokens", "input-tokens", "output-tokens")
_OUR_ACCOUNT: Final = frozenset({"billing_error", "authentication_error", "permission_error"})
_OUT_OF_CREDIT: Final = "credit balance is too low"
"""Anthropic says so as if the request were invalid."""


def read_fault(fields: Any, headers: httpx.Headers, /) -> Fault:
    """Take the error's type, and when the limit that was hit will have room again."""
    kind, message = within(fields, "error", "type"), within(fields, "error", "message")
    broke = isinstance(message, str) and _OUT_OF_CREDIT in message.lower()
    return Fault(
        kind if isinstance(kind, str) else None,
        retry_after=headers.get("retry-after") or _until_reset(headers),
        ours=broke or (isinstance(kind, str) and kind in _OUR_ACCOUNT),
    )


def _until_reset(headers: httpx.Headers) -> str | None:
    """Give the seconds until every limit that is used up has room again."""
    now = date_in(headers.get("date", "")) or datetime.now(UTC)
    waits = [(reset - now).total_seconds() for reset in _resets(headers)]
    return str(max(1, round(max(waits)))) if waits else None


def _resets(headers: httpx.Headers) -> Iterator[datetime]:
    for limit in _LIMITS:
        if headers.get(f"anthropic-ratelimit-{limit}-remaining", "").strip() != "0":
            continue
        text = headers.get(f"anthropic-ratelimit-{limit}-reset", "")
        try:
            reset = datetime.fromisoformat(text)
        except ValueError:
            continue
        if reset.tzinfo is not None:
            yield reset
