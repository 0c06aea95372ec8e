"""OpenAI's usage object to exclusive buckets and back, whatever its dialect (wire-facts §2.7)."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.protocols.counters import (
    INCONSISTENT,
    Counters,
    Split,
    first,
    flatten,
    split,
    split_prompt,
    tier_told,
    tool_requests,
    within,
)
from domain.metering import Report
from domain.usage import Usage, exclusive

__all__ = ["INCONSISTENT", "read_usage", "split_written", "write_usage"]

_CACHED: Final = (
    "prompt.cached_tokens",
    "prompt_cache_hit_tokens",  # DeepSeek
    "cached_tokens",  # Moonshot
    "cached_prompt_text_tokens",  # xAI, formerly
    "cache_read_input_tokens",  # Databricks
)
_WRITTEN: Final = ("prompt.cache_write_tokens", "cache_creation_input_tokens")
_SEARCHES: Final = ("num_search_queries", "server_tool_use.web_search_requests")


def read_usage(usage: object, answer: object = None) -> Report:
    """Read a usage object; one that is missing, negative or no integers gives no usage.

    `answer` is what it came with: a whole answer or a chunk, which tells the service tier.
    """
    tier = tier_told(within(answer, "service_tier"))
    counters = flatten(usage)
    if counters is None:
        return Report(service_tier=tier)
    completion = _completion(counters)
    if "prompt_tokens" not in counters or completion is None:
        return Report(counters=counters, service_tier=tier)
    inputs, inputs_agree = _inputs(counters)
    outputs, outputs_agree = _outputs(counters, completion)
    tools = tool_requests(counters, "server_tool_use")
    tools["web_search"] = first(counters, *_SEARCHES)
    flags = () if inputs_agree and outputs_agree else (INCONSISTENT,)
    return Report(exclusive(**inputs, **outputs, **tools), counters, flags, tier)


def write_usage(usage: Usage) -> dict[str, Any]:
    """Write a usage as OpenAI's clients read it: whole prompt, whole completion, of which …."""
    buckets = usage.buckets
    prompt, completion = usage.input_tokens, usage.output_tokens
    details = {
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.written_tokens,
        **_given(
            buckets,
            audio_tokens="audio_input",
            image_tokens="image_input",
            video_tokens="video_input",
        ),
    }
    if ttls := _given(buckets, ttl_30m_tokens="cache_write_30m", ttl_12h_tokens="cache_write_12h"):
        details["cache_write_tokens_details"] = ttls
    outputs = {
        "reasoning_tokens": buckets.get("reasoning", 0),
        **_given(buckets, audio_tokens="audio_output", image_tokens="image_output"),
    }
    tools = {f"{name}_requests": count for name, count in usage.counters.items()}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": details,
        "completion_tokens_details": outputs,
        **({"server_tool_use": tools} if tools else {}),
    }


def split_written(written: int, counters: Mapping[str, int], path: str) -> Split:
    """Split what was written to a cache by how long it is kept."""
    ttls = {
        f"cache_write_{ttl}": counters.get(f"{path}.ttl_{ttl}_tokens", 0) for ttl in ("30m", "12h")
    }
    return split(written, "cache_write", ttls)


def _completion(counters: Mapping[str, int]) -> int | None:
    """Give the completion; an embedding has none, as its total shows."""
    if "completion_tokens" in counters:
        return counters["completion_tokens"]
    embedded = counters.get("total_tokens") == counters.get("prompt_tokens")
    return 0 if embedded else None


def _inputs(counters: Counters) -> Split:
    written, agree = split_written(first(counters, *_WRITTEN), counters, "prompt.cache_write")
    kinds = {component: counters.get(counter, 0) for component, counter in _KINDS}
    inputs, fit = split_prompt(counters["prompt_tokens"], first(counters, *_CACHED), written, kinds)
    return inputs, agree and fit


def _outputs(counters: Counters, completion: int) -> Split:
    """Split the completion; some dialects count parts outside of it.

    xAI's reasoning is outside, as the total shows; Perplexity's reasoning and citations always are.
    """
    reasoning = first(counters, "completion.reasoning_tokens", "reasoning_tokens")
    citation = counters.get("citation_tokens", 0)
    searched = not counters.keys().isdisjoint(("citation_tokens", "num_search_queries"))
    total = counters.get("total_tokens")
    if searched or total == counters["prompt_tokens"] + completion + reasoning:
        completion += reasoning + citation
    parts = {
        "reasoning": reasoning,
        "citation": citation,
        "audio_output": counters.get("completion.audio_tokens", 0),
        "image_output": counters.get("completion.image_tokens", 0),
    }
    return split(completion, "output", parts)


def _given(buckets: Mapping[str, int], **names: str) -> dict[str, Any]:
    return {name: buckets[bucket] for name, bucket in names.items() if buckets.get(bucket)}


_KINDS: Final = tuple(
    (f"{kind}_input", f"prompt.{kind}_tokens") for kind in ("audio", "image", "video")
)
