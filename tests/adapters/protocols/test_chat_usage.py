"""OpenAI's counters to exclusive buckets: no token is in two of them."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from adapters.protocols.openai_chat.usage import INCONSISTENT, read_usage

COUNTS = st.integers(0, 10_000)


def usage(prompt: int, completion: int, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, **more}


@pytest.mark.parametrize(
    ("reported", "buckets"),
    [
        (usage(20, 5), {"input": 20, "output": 5}),
        (
            usage(20, 5, prompt_tokens_details={"cached_tokens": 15}),
            {"input": 5, "cached_input": 15, "output": 5},
        ),
        (
            usage(20, 5, prompt_tokens_details={"cached_tokens": 8, "cache_write_tokens": 10}),
            {"input": 2, "cached_input": 8, "cache_write": 10, "output": 5},
        ),
        (
            usage(20, 9, completion_tokens_details={"reasoning_tokens": 6, "audio_tokens": 1}),
            {"input": 20, "output": 2, "reasoning": 6, "audio_output": 1},
        ),
        (
            usage(20, 5, prompt_tokens_details={"cached_tokens": 18, "audio_tokens": 10}),
            {"cached_input": 18, "audio_input": 2, "output": 5},
        ),
        (
            usage(20, 5, total_tokens=31, completion_tokens_details={"reasoning_tokens": 6}),
            {"input": 20, "output": 5, "reasoning": 6},
        ),
        (usage(20, 5, cost=0.0012, prompt_tokens_details=None), {"input": 20, "output": 5}),
    ],
    ids=["plain", "cached", "written", "reasoning", "audio", "reasoning outside", "extras"],
)
def test_counters_become_exclusive_buckets(
    reported: dict[str, Any], buckets: dict[str, int]
) -> None:
    report = read_usage(reported)

    assert report.usage is not None
    assert dict(report.usage.buckets) == buckets
    assert not report.flags


@pytest.mark.parametrize(
    "reported",
    [
        None,
        [],
        {},
        usage(-1, 5),
        usage(5, 2**60),
        {"prompt_tokens": "5", "completion_tokens": 1},
        {"prompt_tokens": 5.0, "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": 5},
        usage(5, 5, prompt_tokens_details={"cached_tokens": -3}),
    ],
)
def test_what_are_no_counts_is_no_usage(reported: object) -> None:
    assert read_usage(reported).usage is None


@pytest.mark.parametrize(
    "reported",
    [
        usage(5, 5, prompt_tokens_details={"cached_tokens": 9}),
        usage(5, 5, completion_tokens_details={"reasoning_tokens": 9}),
    ],
)
def test_a_part_larger_than_its_whole_is_flagged_and_all_is_priced_plainly(
    reported: dict[str, Any],
) -> None:
    report = read_usage(reported)

    assert report.usage is not None
    assert dict(report.usage.buckets) == {"input": 5, "output": 5}
    assert report.flags == (INCONSISTENT,)


@given(st.tuples(COUNTS, COUNTS), st.tuples(COUNTS, COUNTS, COUNTS, COUNTS))
def test_buckets_always_add_up_to_what_was_reported(
    totals: tuple[int, int], parts: tuple[int, int, int, int]
) -> None:
    prompt, completion = totals
    cached, written, audio, reasoning = parts
    report = read_usage(
        usage(
            prompt,
            completion,
            prompt_tokens_details={
                "cached_tokens": cached,
                "cache_write_tokens": written,
                "audio_tokens": audio,
            },
            completion_tokens_details={"reasoning_tokens": reasoning},
        )
    )

    assert report.usage is not None
    assert report.usage.input_tokens == prompt
    assert report.usage.output_tokens == completion
