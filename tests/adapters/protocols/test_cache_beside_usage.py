"""Anthropic's and Converse's usage: what the cache gave and took stands beside the input."""

from typing import Any

import pytest

from adapters.protocols.anthropic.usage import merge as merge_anthropic, read_usage as anthropic
from adapters.protocols.bedrock.usage import read_usage as bedrock
from adapters.protocols.counters import INCONSISTENT
from tests.adapters.protocols.usages import buckets

ANTHROPIC = {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 5}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"cache_creation_input_tokens": 7}, {"cache_write_5m": 7}),
        (
            {"cache_creation_input_tokens": 9,
             "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 3}},
            {"cache_write_5m": 6, "cache_write_1h": 3},
        ),
        (
            {"cache_creation": {"ephemeral_1h_input_tokens": 3}},
            {"cache_write_1h": 3},
        ),
        (
            {"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1}},
            {"web_search": 2, "web_fetch": 1},
        ),
    ],
    ids=["no split", "a part is split", "only the split", "server tools"],
)  # fmt: skip
def test_anthropic_counts_the_cache_beside_the_input(
    more: dict[str, Any], expected: dict[str, int]
) -> None:
    report = anthropic({**ANTHROPIC, **more})

    assert buckets(report) == {"input": 10, "cached_input": 5, "output": 1, **expected}
    assert not report.flags


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"cache_creation_input_tokens": 5,
             "cache_creation": {"ephemeral_5m_input_tokens": 6}},
            {"cache_write": 5, "output": 1},
        ),
        ({"output_tokens_details": {"thinking_tokens": 2}}, {"output": 1}),
    ],
)  # fmt: skip
def test_anthropics_parts_beyond_their_whole_are_flagged_and_plain(
    more: dict[str, Any], expected: dict[str, int]
) -> None:
    report = anthropic({**ANTHROPIC, **more})

    assert buckets(report) == {"input": 10, "cached_input": 5, **expected}
    assert report.flags == (INCONSISTENT,)


def test_what_a_message_delta_tells_overwrites_and_the_rest_stays() -> None:
    start = {
        "input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 4,
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 0},
        "service_tier": "priority",
    }  # fmt: skip
    delta = {
        "output_tokens": 30,
        "input_tokens": None,
        "output_tokens_details": {"thinking_tokens": 12},
        "server_tool_use": {"web_search_requests": 1},
    }

    merged = merge_anthropic(start, delta)
    again = merge_anthropic(merged, {"output_tokens": 30, "input_tokens": 11})

    report = anthropic(merged)
    assert buckets(report) == {
        "input": 10, "cached_input": 5, "cache_write_5m": 4, "output": 18, "reasoning": 12,
        "web_search": 1,
    }  # fmt: skip
    assert report.service_tier == "priority"
    assert buckets(anthropic(again)) == {**buckets(report), "input": 11}
    assert start["output_tokens"] == 1


BEDROCK = {"inputTokens": 3, "outputTokens": 1, "totalTokens": 4}


def test_a_write_to_converses_cache_that_tells_no_lifetime_is_kept_for_the_shortest() -> None:
    assert buckets(bedrock({**BEDROCK, "cacheWriteInputTokens": 9})) == {
        "input": 3, "cache_write_5m": 9, "output": 1,
    }  # fmt: skip


def test_converse_splits_writes_by_how_long_they_are_kept() -> None:
    details = [
        {"ttl": "5m", "inputTokens": 4},
        {"ttl": "1h", "inputTokens": 2},
        {"ttl": "5m", "inputTokens": 1},
        {"ttl": "9d", "inputTokens": 1},
    ]
    told = {**BEDROCK, "cacheReadInputTokens": 900, "cacheWriteInputTokens": 9}

    report = bedrock({**told, "cacheDetails": details}, {"serviceTier": {"type": "priority"}})

    assert buckets(report) == {
        "input": 3, "cached_input": 900, "cache_write_5m": 7, "cache_write_1h": 2, "output": 1,
    }  # fmt: skip
    assert report.service_tier == "priority"
    assert not report.flags


def test_converse_may_tell_the_split_alone_or_too_much_of_it() -> None:
    details = [{"ttl": "1h", "inputTokens": 7}]
    alone = bedrock({**BEDROCK, "cacheDetails": details})
    beyond = bedrock({**BEDROCK, "cacheWriteInputTokens": 6, "cacheDetails": details})

    assert buckets(alone) == {"input": 3, "cache_write_1h": 7, "output": 1}
    assert buckets(beyond) == {"input": 3, "cache_write": 6, "output": 1}
    assert (alone.flags, beyond.flags) == ((), (INCONSISTENT,))


def test_a_detail_of_converse_that_is_no_count_voids_the_usage() -> None:
    details = [{"ttl": "5m", "inputTokens": -4}]

    assert bedrock({**BEDROCK, "cacheDetails": details}).usage is None
