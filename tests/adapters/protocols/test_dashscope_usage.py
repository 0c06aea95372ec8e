"""DashScope's usage: everything is within the input and the output, several choices add up."""

from typing import Any

import pytest

from adapters.protocols.counters import INCONSISTENT
from adapters.protocols.dashscope.usage import add_choices, read_usage as dashscope
from tests.adapters.protocols.usages import buckets

DASHSCOPE = {"input_tokens": 100, "output_tokens": 20}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"input_tokens_details": {"text_tokens": 30, "image_tokens": 70}},
            {"input": 30, "image_input": 70, "output": 20},
        ),
        ({"image_tokens": 60, "video_tokens": 10},
         {"input": 30, "image_input": 60, "video_input": 10, "output": 20}),
        ({"plugins": {"search": {"count": 2, "strategy": "turbo"}}},
         {"input": 100, "output": 20, "web_search": 2}),
        (
            {"prompt_tokens_details": {"cached_tokens": 40,
                                       "cache_creation": {"ephemeral_5m_input_tokens": 10}}},
            {"input": 50, "cached_input": 40, "cache_write_5m": 10, "output": 20},
        ),
        (
            {"output_tokens_details": {"reasoning_tokens": 12, "audio_tokens": 3}},
            {"input": 100, "output": 5, "reasoning": 12, "audio_output": 3},
        ),
    ],
    ids=["pictures", "pictures at the top", "a search", "a cache", "thoughts and sound"],
)  # fmt: skip
def test_dashscope_counts_all_within_the_input(
    more: dict[str, Any], expected: dict[str, int]
) -> None:
    report = dashscope({**DASHSCOPE, **more})

    assert buckets(report) == expected
    assert not report.flags


def test_dashscopes_parts_beyond_their_whole_are_flagged_and_plain() -> None:
    told = {**DASHSCOPE, "prompt_tokens_details": {"cached_tokens": 101}}

    assert buckets(dashscope(told)) == {"input": 100, "output": 20}
    assert dashscope(told).flags == (INCONSISTENT,)


def test_an_embedding_of_dashscope_tells_a_total_only() -> None:
    assert buckets(dashscope({"total_tokens": 9})) == {"input": 9}
    assert dashscope({"output_tokens": 9, "total_tokens": 9}).usage is None


@pytest.mark.parametrize("bad", [-1, "2", 1.5])
def test_searches_that_are_no_count_void_the_usage(bad: object) -> None:
    assert dashscope({**DASHSCOPE, "plugins": {"search": {"count": bad}}}).usage is None


def test_the_outputs_of_dashscopes_choices_add_up_and_the_prompt_counts_once() -> None:
    choices = [
        {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12,
         "output_tokens_details": {"reasoning_tokens": 3}},
        {"input_tokens": 5, "output_tokens": 9, "total_tokens": 14},
        {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6,
         "output_tokens_details": {"reasoning_tokens": 1}},
    ]  # fmt: skip

    merged = add_choices(choices)

    assert merged["total_tokens"] == 22
    assert buckets(dashscope(merged)) == {"input": 5, "output": 13, "reasoning": 4}
    assert add_choices([choices[1]]) == choices[1]
    assert add_choices([]) == {}


@pytest.mark.parametrize("bad", ["7", -7, None])
def test_a_choice_that_tells_no_count_voids_the_sum(bad: object) -> None:
    assert dashscope(add_choices([DASHSCOPE, {**DASHSCOPE, "output_tokens": bad}])).usage is None
