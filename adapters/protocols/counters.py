"""What upstreams count, checked before it is believed; every dialect's usage is read through here.

Nothing but these counters is kept of a usage object: no text of a provider gets into an event.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeGuard, cast

from domain.usage import COUNTERS

INCONSISTENT: Final = "usage_inconsistent"
COUNTER_MAX: Final = 2**53
COUNTERS_MAX: Final = 64
"""A usage object with more counters than this is none."""

STANDARD: Final = "standard"
UNKNOWN: Final = "unknown"

Counters = dict[str, int]
Split = tuple[Counters, bool]
"""Exclusive buckets, and whether the parts fit into their whole."""

_COUNTER: Final = re.compile(r"\w{0,60}(?:_tokens|_requests|_queries|Tokens|TokenCount)", re.ASCII)
_GROUP: Final = re.compile(r"\w{1,40}", re.ASCII)
_TIER: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_DEEPEST: Final = 3
_STANDARD: Final = frozenset({"default", "standard", "on_demand", "standard_only"})
_UNTOLD: Final = frozenset({"", "auto", "unspecified", "traffic_type_unspecified"})


def flatten(usage: object) -> Counters | None:
    """Find the counters of a usage object, nested ones by their path, `prompt.cached_tokens` say.

    None if it is no object, or if one of them is negative, too large or no integer.
    """
    if not isinstance(usage, dict):
        return None
    found: Counters = {}
    sound = _gather(cast("Mapping[str, Any]", usage), "", found)
    return found if sound and len(found) <= COUNTERS_MAX else None


def first(counters: Mapping[str, int], *names: str) -> int:
    """Give the first of these counters that is there, or zero."""
    for name in names:
        if name in counters:
            return counters[name]
    return 0


def split(whole: int, plain: str, parts: Mapping[str, int]) -> Split:
    """Take parts out of a whole; parts beyond it are not believed, and all of it is plain."""
    left = whole - sum(parts.values())
    if left < 0:
        return {plain: whole}, False
    return {plain: left, **parts}, True


def split_lifetimes(written: int, lifetimes: Mapping[str, int]) -> Split:
    """Split cache writes by how long they are kept; five minutes where that is not told."""
    buckets, agree = split(written, "cache_write", lifetimes)
    if agree:
        buckets["cache_write_5m"] += buckets.pop("cache_write")
    return buckets, agree


def split_prompt(
    prompt: int, cached: int, written: Mapping[str, int], kinds: Mapping[str, int]
) -> Split:
    """Split a prompt that includes what was read from and written to a cache.

    The split by kind (audio, image, …) overlaps the one by cache: kinds are told apart only in
    what is fresh, those named first first.
    """
    buckets, agree = split(prompt, "input", {"cached_input": cached, **written})
    if sum(kinds.values()) > prompt:
        return buckets, False
    if agree:
        for component, tokens in kinds.items():
            buckets[component] = min(tokens, buckets["input"])
            buckets["input"] -= buckets[component]
    return buckets, agree


def overlay(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a cumulative usage: what is told again overwrites, what is not told stays."""
    return {**before, **{name: value for name, value in now.items() if value is not None}}


def tier_told(value: object) -> str | None:
    """Name a service tier in our words; None if none is told, `unknown` for what is no name."""
    if not isinstance(value, str):
        return None
    name = value.lower()
    if name in _UNTOLD:
        return None
    if name in _STANDARD:
        return STANDARD
    return name if _TIER.fullmatch(name) else UNKNOWN


def within(answer: object, *path: str) -> object:
    """Follow a path through JSON objects; None where it leads nowhere."""
    for step in path:
        if not isinstance(answer, dict):
            return None
        answer = cast("dict[str, Any]", answer).get(step)
    return answer


def listed(items: object, key: str, value: str) -> Counters | None:
    """Add up a list of counts by the name that each item carries; None if one is no count."""
    found: Counters = {}
    for item in members(items):
        name, count = within(item, key), within(item, value)
        if count is None:
            continue
        if not isinstance(name, str) or not is_count(count):
            return None
        found[name] = found.get(name, 0) + count
    return found


def members(value: object) -> Sequence[Any]:
    """Give the members of a list, none of what is no list."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else ()


def is_count(value: object) -> TypeGuard[int]:
    """Tell whether this can be a number of things: no float, no truth value, not below zero."""
    return type(value) is int and 0 <= value < COUNTER_MAX


def tool_requests(counters: Mapping[str, int], path: str) -> Counters:
    """Give the requests to a provider's tools that stand under a path, by component."""
    return {name: counters.get(counter, 0) for name, counter in _requests_under(path)}


@cache
def _requests_under(path: str) -> tuple[tuple[str, str], ...]:
    """Pair each component with the counter that stands for it under a path of ours."""
    return tuple((name, f"{path}.{name}_requests") for name in COUNTERS)


def _gather(usage: Mapping[str, Any], prefix: str, found: Counters) -> bool:
    for name, value in usage.items():
        if isinstance(value, dict):
            if not _gather_group(name, cast("Mapping[str, Any]", value), prefix, found):
                return False
        elif value is not None and _COUNTER.fullmatch(name):
            if not is_count(value):
                return False
            found[prefix + name] = value
    return True


def _gather_group(name: str, group: Mapping[str, Any], prefix: str, found: Counters) -> bool:
    if prefix.count(".") >= _DEEPEST or _GROUP.fullmatch(name) is None:
        return True
    short = name.removesuffix("_details").removesuffix("_tokens")
    return _gather(group, f"{prefix}{short}.", found)
