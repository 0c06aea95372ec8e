"""Gemini's usageMetadata to exclusive buckets and back: thoughts and tool prompts stand beside."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.protocols.counters import (
    INCONSISTENT,
    Counters,
    Split,
    flatten,
    listed,
    members,
    overlay,
    split,
    tier_told,
    within,
)
from domain.metering import Report
from domain.usage import Usage, exclusive

_DETAILS: Final = ("prompt", "cache", "candidates", "toolUsePrompt")
_INPUTS: Final = {"AUDIO": "audio_input", "IMAGE": "image_input", "VIDEO": "video_input"}
_CACHED: Final = {"AUDIO": "cached_audio_input", "IMAGE": "cached_image_input"}
_OUTPUTS: Final = {"AUDIO": "audio_output", "IMAGE": "image_output"}
_TRAFFIC: Final = "on_demand_"


def read_usage(usage: object, answer: object = None) -> Report:
    """Read a usageMetadata; one that is missing, negative or no integers gives no usage.

    `answer` is the response that it came in, which tells the searches that it is grounded on.
    Counts of zero are left out of this protocol's JSON; only the prompt is always there.
    """
    tier, counters, searches = _tier(usage, answer), _counters(usage), _searches(answer)
    if counters is None:
        return Report(service_tier=tier)
    if searches:
        counters["groundingQueries"] = searches
    if "promptTokenCount" not in counters:
        return Report(counters=counters, service_tier=tier)
    inputs, inputs_agree = _read_inputs(counters)
    candidates = counters.get("candidatesTokenCount", 0)
    outputs, outputs_agree = split(candidates, "output", _by_kind(counters, "candidates", _OUTPUTS))
    thoughts = counters.get("thoughtsTokenCount", 0)
    agree = inputs_agree and outputs_agree and _adds_up(counters)
    flags = () if agree else (INCONSISTENT,)
    used = exclusive(**inputs, **outputs, reasoning=thoughts, web_search=searches)
    return Report(used, counters, flags, tier)


def merge(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a stream's usage: each chunk repeats it, and may leave out what it told before."""
    return overlay(before, now)


def write_usage(usage: Usage) -> dict[str, Any]:
    """Write a usage as Gemini's clients read it; what a cache was filled with is plain prompt."""
    buckets = usage.buckets
    thoughts = buckets.get("reasoning", 0)
    kinds = {
        "promptTokensDetails": _sums(buckets, _INPUTS, _CACHED),
        "cacheTokensDetails": _sums(buckets, _CACHED),
        "candidatesTokensDetails": _sums(buckets, _OUTPUTS),
    }
    return {
        "promptTokenCount": usage.input_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "candidatesTokenCount": usage.output_tokens - thoughts,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
        **{name: told for name, told in kinds.items() if told},
    }


def _counters(usage: object) -> Counters | None:
    counters = flatten(usage)
    if counters is None:
        return None
    for group in _DETAILS:
        found = listed(within(usage, f"{group}TokensDetails"), "modality", "tokenCount")
        if found is None:
            return None
        known = {kind: count for kind, count in found.items() if kind in _INPUTS}
        counters |= {f"{group}.{kind}": count for kind, count in known.items()}
    return counters


def _read_inputs(counters: Counters) -> Split:
    """Split the prompt and what tools added to it; kinds are told for the cache apart."""
    whole = counters["promptTokenCount"] + counters.get("toolUsePromptTokenCount", 0)
    cached = counters.get("cachedContentTokenCount", 0)
    from_cache, cached_agree = split(cached, "cached_input", _by_kind(counters, "cache", _CACHED))
    fresh = {
        component: counters.get(f"prompt.{kind}", 0)
        + counters.get(f"toolUsePrompt.{kind}", 0)
        - counters.get(f"cache.{kind}", 0)
        for kind, component in _INPUTS.items()
    }
    if cached > whole:
        return {"input": whole}, False
    if min(fresh.values()) < 0:
        return {"input": whole - cached, **from_cache}, False
    inputs, fresh_agree = split(whole - cached, "input", fresh)
    return {**inputs, **from_cache}, cached_agree and fresh_agree


def _by_kind(counters: Counters, group: str, names: Mapping[str, str]) -> Counters:
    return {component: counters.get(f"{group}.{kind}", 0) for kind, component in names.items()}


def _adds_up(counters: Counters) -> bool:
    names = ("prompt", "candidates", "toolUsePrompt", "thoughts")
    parts = sum(counters.get(f"{name}TokenCount", 0) for name in names)
    return counters.get("totalTokenCount", parts) == parts


def _searches(answer: object) -> int:
    """Count the queries of web searches; each is billed, an empty one is not."""
    found = 0
    for candidate in members(within(answer, "candidates")):
        queries = members(within(candidate, "groundingMetadata", "webSearchQueries"))
        found += sum(isinstance(query, str) and bool(query) for query in queries)
    return found


def _tier(usage: object, answer: object) -> str | None:
    for told in (within(usage, "serviceTier"), within(answer, "serviceTier")):
        if tier := tier_told(told):
            return tier
    traffic = tier_told(within(usage, "trafficType"))
    return traffic.removeprefix(_TRAFFIC) if traffic else None


def _sums(buckets: Mapping[str, int], *names: Mapping[str, str]) -> list[dict[str, Any]]:
    sums = {
        kind: sum(buckets.get(components[kind], 0) for components in names if kind in components)
        for kind in names[0]
    }
    return [{"modality": kind, "tokenCount": count} for kind, count in sums.items() if count]
