"""Every dialect's usage reader and writer, and what it can express."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from hypothesis import strategies as st

from adapters.protocols.anthropic import usage as anthropic
from adapters.protocols.bedrock import usage as bedrock
from adapters.protocols.dashscope import usage as dashscope
from adapters.protocols.gemini import usage as gemini
from adapters.protocols.openai_chat import usage as openai_chat
from adapters.protocols.openai_responses import usage as openai_responses
from domain.metering import Report
from domain.usage import METERED, Usage, exclusive

COUNTS = st.integers(0, 10_000)
USAGES = st.dictionaries(st.sampled_from(METERED), COUNTS).map(lambda b: exclusive(**b))


def buckets(report: Report) -> dict[str, int]:
    assert report.usage is not None
    return dict(report.usage.buckets)


class Dialect(NamedTuple):
    """One dialect's usage, both ways."""

    name: str
    read: Callable[[object], Report]
    write: Callable[[Usage], dict[str, Any]]
    expressed: Collection[str]
    """Components that come back as they went; the others at least count on the right side."""
    parts: tuple[str, str]
    """What it calls the whole prompt, or the fresh part of it, and the output."""


_PLAIN = {"input", "cached_input", "output"}
_KINDS = {"audio_input", "image_input", "video_input"}
_SPOKEN = {"audio_output", "image_output"}

DIALECTS = (
    Dialect(
        "openai_chat",
        openai_chat.read_usage,
        openai_chat.write_usage,
        {
            *_PLAIN, *_KINDS, *_SPOKEN, "reasoning", "cache_write", "cache_write_30m",
            "cache_write_12h", "web_search", "web_fetch", "code_execution", "file_search",
        },
        ("prompt_tokens", "completion_tokens"),
    ),
    Dialect(
        "openai_responses",
        openai_responses.read_usage,
        openai_responses.write_usage,
        {*_PLAIN, "reasoning", "cache_write", "cache_write_30m", "cache_write_12h"},
        ("input_tokens", "output_tokens"),
    ),
    Dialect(
        "anthropic",
        anthropic.read_usage,
        anthropic.write_usage,
        {
            *_PLAIN, "reasoning", "cache_write_5m", "cache_write_1h",
            "web_search", "web_fetch", "code_execution", "file_search",
        },
        ("input_tokens", "output_tokens"),
    ),
    Dialect(
        "gemini",
        gemini.read_usage,
        gemini.write_usage,
        {*_PLAIN, *_KINDS, *_SPOKEN, "cached_audio_input", "cached_image_input", "reasoning"},
        ("promptTokenCount", "candidatesTokenCount"),
    ),
    Dialect(
        "bedrock",
        bedrock.read_usage,
        bedrock.write_usage,
        {*_PLAIN, "cache_write_5m", "cache_write_1h"},
        ("inputTokens", "outputTokens"),
    ),
    Dialect(
        "dashscope",
        dashscope.read_usage,
        dashscope.write_usage,
        {
            *_PLAIN, *_KINDS, "reasoning", "cache_write", "cache_write_5m", "cache_write_1h",
            "web_search",
        },
        ("input_tokens", "output_tokens"),
    ),
)  # fmt: skip
