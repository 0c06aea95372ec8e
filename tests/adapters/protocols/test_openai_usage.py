"""OpenAI's usage objects in all their dialects, to the buckets that they are billed by."""

from typing import Any

import pytest

from adapters.protocols.openai_chat.usage import read_usage as chat
from adapters.protocols.openai_responses.usage import read_usage as responses
from tests.adapters.protocols.usages import buckets


def prompt(tokens: int, completion: int = 0, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": tokens, "completion_tokens": completion, **more}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            prompt(100, 30, prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=36),
            {"input": 36, "cached_input": 64, "output": 30},
        ),
        (
            prompt(50, 9, total_tokens=159, completion_tokens_details={"reasoning_tokens": 100}),
            {"input": 50, "output": 9, "reasoning": 100},
        ),
        (
            prompt(19, 498, total_tokens=517, citation_tokens=300, num_search_queries=4,
                   reasoning_tokens=700),
            {"input": 19, "output": 498, "reasoning": 700, "citation": 300, "web_search": 4},
        ),
        (prompt(10, 9, reasoning_tokens=4), {"input": 10, "output": 5, "reasoning": 4}),
        (prompt(10, 1, cached_tokens=6), {"input": 4, "cached_input": 6, "output": 1}),
        ({"prompt_tokens": 8, "total_tokens": 8}, {"input": 8}),
        (
            prompt(100, 9, prompt_tokens_details={
                "cached_tokens": 10, "cache_write_tokens": 60,
                "cache_write_tokens_details": {"ttl_30m_tokens": 20, "ttl_12h_tokens": 30},
            }),
            {"input": 30, "cached_input": 10, "cache_write": 10, "cache_write_30m": 20,
             "cache_write_12h": 30, "output": 9},
        ),
        (
            prompt(90, 50, prompt_tokens_details={"audio_tokens": 10, "image_tokens": 20,
                                                  "text_tokens": 60},
                   completion_tokens_details={"audio_tokens": 30, "text_tokens": 20,
                                              "accepted_prediction_tokens": 5}),
            {"input": 60, "audio_input": 10, "image_input": 20, "output": 20, "audio_output": 30},
        ),
        (
            prompt(10, 5, cost=0.02, prompt_time=0.3, server_tool_use={"web_search_requests": 2}),
            {"input": 10, "output": 5, "web_search": 2},
        ),
    ],
    ids=[
        "DeepSeek's cache", "xAI's reasoning", "Perplexity's research", "reasoning inside",
        "Moonshot's cache", "an embedding", "writes by how long", "kinds", "OpenRouter's searches",
    ],
)  # fmt: skip
def test_chat_in_its_dialects(told: dict[str, Any], expected: dict[str, int]) -> None:
    report = chat(told)

    assert buckets(report) == expected
    assert not report.flags


def test_a_completion_that_is_left_out_is_not_guessed() -> None:
    assert chat({"prompt_tokens": 8, "total_tokens": 9}).usage is None
    assert chat({"prompt_tokens": 8}).usage is None


def test_responses_count_requests_to_tools_beside_the_usage() -> None:
    told = {"input_tokens": 10, "output_tokens": 5, "input_tokens_details": None}
    answer = {
        "tool_usage": {"web_search": {"num_requests": 3}, "image_gen": {"input_tokens": 9}},
        "service_tier": "flex",
    }

    report = responses(told, answer)

    assert buckets(report) == {"input": 10, "output": 5, "web_search": 3}
    assert report.counters["tool_usage.web_search"] == 3
    assert report.service_tier == "flex"


@pytest.mark.parametrize("bad", [-1, "3", 2**60, {}])
def test_requests_to_tools_that_are_no_count_void_the_usage(bad: object) -> None:
    answer = {"tool_usage": {"web_search": {"num_requests": bad}}}

    assert responses({"input_tokens": 1, "output_tokens": 1}, answer).usage is None
