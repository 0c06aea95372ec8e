"""Anthropic's usage to exclusive buckets and back: its input counts nothing of the cache."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.protocols.counters import (
    INCONSISTENT,
    Split,
    first,
    flatten,
    overlay,
    split,
    split_lifetimes,
    tier_told,
    tool_requests,
    within,
)
from domain.metering import Report
from domain.usage import Usage, exclusive

FAST: Final = "fast"
_TTLS: Final = ("5m", "1h")


def read_usage(usage: object, answer: object = None) -> Report:
    """Read a usage object; one that is missing, negative or no integers gives no usage.

    It tells the service tier itself, so `answer` is not looked at.
    """
    del answer
    tier, counters = _tier(usage), flatten(usage)
    if counters is None:
        return Report(service_tier=tier)
    if not {"input_tokens", "output_tokens"} <= counters.keys():
        return Report(counters=counters, service_tier=tier)
    inputs = {
        "input": counters["input_tokens"],
        "cached_input": counters.get("cache_read_input_tokens", 0),
    }
    written, written_agree = _written(counters)
    thinking = {"reasoning": first(counters, "output.thinking_tokens")}
    outputs, outputs_agree = split(counters["output_tokens"], "output", thinking)
    tools = tool_requests(counters, "server_tool_use")
    flags = () if written_agree and outputs_agree else (INCONSISTENT,)
    return Report(exclusive(**inputs, **written, **outputs, **tools), counters, flags, tier)


def merge(start: Mapping[str, Any], delta: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a stream's usage: what `message_delta` tells overwrites `message_start`'s, never adds.

    What it leaves out or tells as null stays as it was, the split of cache writes say.
    """
    return overlay(start, delta)


def write_usage(usage: Usage) -> dict[str, Any]:
    """Write a usage as Anthropic's clients read it: fresh input, and the cache beside it."""
    buckets = usage.buckets
    fresh = usage.input_tokens - usage.cached_tokens - usage.written_tokens
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": usage.written_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation": {
            f"ephemeral_{ttl}_input_tokens": buckets.get(f"cache_write_{ttl}", 0) for ttl in _TTLS
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": buckets.get("reasoning", 0)},
        "server_tool_use": _tools(usage),
    }


def _written(counters: Mapping[str, int]) -> Split:
    """Split cache writes by how long they are kept; the total may be missing where the split is."""
    ttls = {
        f"cache_write_{ttl}": counters.get(f"cache_creation.ephemeral_{ttl}_input_tokens", 0)
        for ttl in _TTLS
    }
    total = counters.get("cache_creation_input_tokens", sum(ttls.values()))
    return split_lifetimes(total, ttls)


def _tier(usage: object) -> str | None:
    speed = tier_told(within(usage, "speed"))
    return FAST if speed == FAST else tier_told(within(usage, "service_tier"))


def _tools(usage: Usage) -> dict[str, int] | None:
    told = {f"{name}_requests": count for name, count in usage.counters.items()}
    return {"web_search_requests": 0, "web_fetch_requests": 0, **told} if told else None
