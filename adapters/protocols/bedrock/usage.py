"""Converse's usage to exclusive buckets and back: its input counts nothing of the cache."""

from typing import Any, Final

from adapters.protocols.counters import (
    INCONSISTENT,
    Counters,
    flatten,
    listed,
    split_lifetimes,
    tier_told,
    within,
)
from domain.metering import Report
from domain.usage import Usage, exclusive

_TTLS: Final = ("5m", "1h")


def read_usage(usage: object, answer: object = None) -> Report:
    """Read a usage object; one that is missing, negative or no integers gives no usage.

    `answer` is the response or the stream's metadata event, which tells the service tier. The total
    is not looked at: some models leave the cache out of it.
    """
    tier = tier_told(within(answer, "serviceTier", "type"))
    counters = _counters(usage)
    if counters is None:
        return Report(service_tier=tier)
    if not {"inputTokens", "outputTokens"} <= counters.keys():
        return Report(counters=counters, service_tier=tier)
    ttls = {f"cache_write_{ttl}": counters.get(f"cache.{ttl}", 0) for ttl in _TTLS}
    total = counters.get("cacheWriteInputTokens", sum(ttls.values()))
    written, agree = split_lifetimes(total, ttls)
    used = exclusive(
        input=counters["inputTokens"],
        cached_input=counters.get("cacheReadInputTokens", 0),
        output=counters["outputTokens"],
        **written,
    )
    return Report(used, counters, () if agree else (INCONSISTENT,), tier)


def write_usage(usage: Usage) -> dict[str, Any]:
    """Write a usage as Converse's clients read it; reasoning is not told apart."""
    buckets = usage.buckets
    details = [
        {"ttl": ttl, "inputTokens": tokens}
        for ttl in _TTLS
        if (tokens := buckets.get(f"cache_write_{ttl}", 0))
    ]
    return {
        "inputTokens": usage.input_tokens - usage.cached_tokens - usage.written_tokens,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.input_tokens + usage.output_tokens,
        "cacheReadInputTokens": usage.cached_tokens,
        "cacheWriteInputTokens": usage.written_tokens,
        **({"cacheDetails": details} if details else {}),
    }


def _counters(usage: object) -> Counters | None:
    counters = flatten(usage)
    found = listed(within(usage, "cacheDetails"), "ttl", "inputTokens")
    if counters is None or found is None:
        return None
    return counters | {f"cache.{ttl}": found[ttl] for ttl in _TTLS if ttl in found}
