"""The usage of OpenAI's Responses to exclusive buckets and back (wire-facts §1.7, §2.7)."""

from typing import Any, Final

from adapters.protocols.counters import (
    INCONSISTENT,
    Counters,
    Split,
    flatten,
    is_count,
    split,
    split_prompt,
    tier_told,
    within,
)
from adapters.protocols.openai_chat.usage import split_written
from domain.metering import Report
from domain.usage import Usage, exclusive

_TOOLS: Final = {
    "web_search": ("tool_usage", "web_search", "num_requests"),
    "file_search": ("tool_usage", "file_search", "num_requests"),
    "code_execution": ("tool_usage", "code_interpreter", "num_requests"),
}


def read_usage(usage: object, answer: object = None) -> Report:
    """Read a usage object; one that is missing, negative or no integers gives no usage.

    `answer` is the response that it came in, which tells the service tier and the tools' requests.
    """
    tier = tier_told(within(answer, "service_tier"))
    counters, tools = flatten(usage), _tools(answer)
    if counters is None or tools is None:
        return Report(service_tier=tier)
    counters |= {f"tool_usage.{name}": count for name, count in tools.items()}
    if not {"input_tokens", "output_tokens"} <= counters.keys():
        return Report(counters=counters, service_tier=tier)
    inputs, inputs_agree = _inputs(counters)
    reasoning = {"reasoning": counters.get("output.reasoning_tokens", 0)}
    outputs, outputs_agree = split(counters["output_tokens"], "output", reasoning)
    flags = () if inputs_agree and outputs_agree else (INCONSISTENT,)
    return Report(exclusive(**inputs, **outputs, **tools), counters, flags, tier)


def write_usage(usage: Usage) -> dict[str, Any]:
    """Write a usage as clients of Responses read it; every detail is always there."""
    buckets = usage.buckets
    ttls = {f"ttl_{ttl}_tokens": buckets.get(f"cache_write_{ttl}", 0) for ttl in ("30m", "12h")}
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.written_tokens,
            **({"cache_write_tokens_details": ttls} if any(ttls.values()) else {}),
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": buckets.get("reasoning", 0)},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _inputs(counters: Counters) -> Split:
    written, agree = split_written(
        counters.get("input.cache_write_tokens", 0), counters, "input.cache_write"
    )
    cached = counters.get("input.cached_tokens", 0)
    inputs, fit = split_prompt(counters["input_tokens"], cached, written, {})
    return inputs, agree and fit


def _tools(answer: object) -> Counters | None:
    told = {name: within(answer, *path) for name, path in _TOOLS.items()}
    counts = {name: count for name, count in told.items() if count is not None}
    sound = {name: count for name, count in counts.items() if is_count(count)}
    return sound if sound.keys() == counts.keys() else None
