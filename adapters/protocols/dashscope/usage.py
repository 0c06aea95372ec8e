"""DashScope's usage to exclusive buckets and back (wire-facts §2.7, §3.2)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.protocols.counters import (
    INCONSISTENT,
    Counters,
    Split,
    first,
    flatten,
    is_count,
    split,
    split_prompt,
    within,
)
from domain.metering import Report
from domain.usage import Usage, exclusive

_KINDS: Final = ("audio", "image", "video")
_TTLS: Final = ("5m", "1h")
_SUMMED: Final = ("output_tokens", "output_tokens_details")


def read_usage(usage: object, answer: object = None) -> Report:
    """Read a usage object; one that is missing, negative or no integers gives no usage.

    An embedding tells a total only. There are no service tiers, so `answer` is not looked at.
    """
    del answer
    counters, searches = flatten(usage), within(usage, "plugins", "search", "count")
    if counters is None or not (searches is None or is_count(searches)):
        return Report()
    if searches is not None:
        counters["plugins.search"] = searches
    if counters.keys().isdisjoint(("input_tokens", "output_tokens")):
        embedded = counters.get("total_tokens")
        used = None if embedded is None else exclusive(input=embedded)
        return Report(used, counters)
    if not {"input_tokens", "output_tokens"} <= counters.keys():
        return Report(counters=counters)
    inputs, inputs_agree = _inputs(counters)
    outputs, outputs_agree = split(counters["output_tokens"], "output", _outputs(counters))
    flags = () if inputs_agree and outputs_agree else (INCONSISTENT,)
    used = exclusive(**inputs, **outputs, web_search=searches or 0)
    return Report(used, counters, flags)


def add_choices(usages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the usage of several choices from the last that each told: outputs add up.

    The prompt is the same for all and counts once.
    """
    merged = dict(usages[-1]) if usages else {}
    for name in _SUMMED:
        told = [usage[name] for usage in usages if name in usage]
        if told:
            merged[name] = _added(told)
    if "total_tokens" in merged:
        merged["total_tokens"] = _added([merged.get("input_tokens"), merged.get("output_tokens")])
    return merged


def write_usage(usage: Usage) -> dict[str, Any]:
    """Write a usage as DashScope's clients read it: whole input, whole output, of which …."""
    buckets = usage.buckets
    prompt: dict[str, Any] = {"cached_tokens": usage.cached_tokens}
    if usage.written_tokens:
        prompt["cache_creation_input_tokens"] = usage.written_tokens
        prompt["cache_creation"] = {
            f"ephemeral_{ttl}_input_tokens": buckets.get(f"cache_write_{ttl}", 0) for ttl in _TTLS
        }
    kinds = {
        f"{kind}_tokens": tokens for kind in _KINDS if (tokens := buckets.get(f"{kind}_input", 0))
    }
    searches = buckets.get("web_search", 0)
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": prompt,
        **({"input_tokens_details": kinds} if kinds else {}),
        "output_tokens_details": {"reasoning_tokens": buckets.get("reasoning", 0)},
        **({"plugins": {"search": {"count": searches}}} if searches else {}),
    }


def _inputs(counters: Counters) -> Split:
    creation = "prompt.cache_creation"
    ttls = {
        f"cache_write_{ttl}": counters.get(f"{creation}.ephemeral_{ttl}_input_tokens", 0)
        for ttl in _TTLS
    }
    total = first(counters, f"{creation}_input_tokens", "cache_creation_input_tokens")
    written, agree = split(total or sum(ttls.values()), "cache_write", ttls)
    kinds = {
        f"{kind}_input": first(counters, f"input.{kind}_tokens", f"{kind}_tokens")
        for kind in _KINDS
    }
    cached = first(counters, "prompt.cached_tokens", "cached_tokens")
    inputs, fit = split_prompt(counters["input_tokens"], cached, written, kinds)
    return inputs, agree and fit


def _outputs(counters: Counters) -> Counters:
    return {
        "reasoning": counters.get("output.reasoning_tokens", 0),
        "audio_output": counters.get("output.audio_tokens", 0),
        "image_output": counters.get("output.image_tokens", 0),
    }


def _added(told: Sequence[Any]) -> Any:
    """Add counts, or objects of counts; what is neither stays what it is, for the reader to see."""
    if all(is_count(count) for count in told):
        return sum(told)
    if all(isinstance(group, Mapping) for group in told):
        names = {name: None for group in told for name in group}
        return {name: _added([group[name] for group in told if name in group]) for name in names}
    return next((bad for bad in told if not is_count(bad)), None)
