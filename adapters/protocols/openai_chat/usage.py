"""OpenAI's usage object to exclusive buckets (wire-facts §2.7)."""

from collections.abc import Mapping
from typing import Any, cast

from domain.metering import Report
from domain.usage import exclusive

INCONSISTENT = "usage_inconsistent"

_COUNTER_MAX = 2**53


def read_usage(usage: object) -> Report:
    """Read a usage object; one that is missing, negative or no integers gives no usage."""
    if not isinstance(usage, dict):
        return Report()
    counters = _counters(cast("Mapping[str, Any]", usage))
    if counters is None or not {"prompt_tokens", "completion_tokens"} <= counters.keys():
        return Report(counters=counters or {})
    prompt, inputs_agree = _inputs(counters)
    completion, outputs_agree = _outputs(counters)
    flags = () if inputs_agree and outputs_agree else (INCONSISTENT,)
    return Report(exclusive(**prompt, **completion), counters, flags)


def _counters(usage: Mapping[str, Any]) -> dict[str, int] | None:
    """Flatten the token counters, or None if one of them is no count; vendors' extras are left."""
    found: dict[str, int] = {}
    for name, value in usage.items():
        if name.endswith("_tokens_details") and isinstance(value, dict):
            prefix = name.removesuffix("_tokens_details") + "."
            nested = cast("Mapping[str, Any]", value)
        else:
            prefix, nested = "", {name: value}
        for inner, count in nested.items():
            if count is None or not inner.endswith("_tokens"):
                continue
            if type(count) is not int or not 0 <= count < _COUNTER_MAX:
                return None
            found[prefix + inner] = count
    return found


def _inputs(counters: Mapping[str, int]) -> tuple[dict[str, int], bool]:
    """Split the prompt; parts larger than the whole are not believed, and all is plain input."""
    prompt = counters["prompt_tokens"]
    cached = counters.get("prompt.cached_tokens", 0)
    written = counters.get("prompt.cache_write_tokens", 0)
    audio = counters.get("prompt.audio_tokens", 0)
    if cached + written > prompt:
        return {"input": prompt}, False
    # The split by modality overlaps the split by cache: audio is told apart only in what is fresh.
    audio = min(audio, prompt - cached - written)
    fresh = prompt - cached - written - audio
    parts = {"input": fresh, "cached_input": cached, "cache_write": written, "audio_input": audio}
    return parts, True


def _outputs(counters: Mapping[str, int]) -> tuple[dict[str, int], bool]:
    """Split the completion; some dialects count reasoning outside of it, as their total shows."""
    completion = counters["completion_tokens"]
    reasoning = counters.get("completion.reasoning_tokens", 0)
    audio = counters.get("completion.audio_tokens", 0)
    total = counters.get("total_tokens")
    if reasoning and total == counters["prompt_tokens"] + completion + reasoning:
        completion += reasoning
    if reasoning + audio > completion:
        return {"output": completion}, False
    plain = completion - reasoning - audio
    return {"output": plain, "reasoning": reasoning, "audio_output": audio}, True
