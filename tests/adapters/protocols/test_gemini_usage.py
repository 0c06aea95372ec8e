"""Gemini's usage metadata: thoughts and tools stand beside, zeros are left out."""

from typing import Any

import pytest

from adapters.protocols.counters import INCONSISTENT
from adapters.protocols.gemini.usage import merge as merge_gemini, read_usage as gemini
from tests.adapters.protocols.usages import buckets

GEMINI = {"promptTokenCount": 100, "candidatesTokenCount": 20}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"input": 100, "output": 20}),
        (
            {"toolUsePromptTokenCount": 7, "thoughtsTokenCount": 5, "totalTokenCount": 132},
            {"input": 107, "output": 20, "reasoning": 5},
        ),
        (
            {"cachedContentTokenCount": 60,
             "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 30},
                                     {"modality": "AUDIO", "tokenCount": 50},
                                     {"modality": "VIDEO", "tokenCount": 20}],
             "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 40},
                                    {"modality": "TEXT", "tokenCount": 20}]},
            {"input": 10, "audio_input": 10, "video_input": 20, "cached_input": 20,
             "cached_audio_input": 40, "output": 20},
        ),
        (
            {"candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 15},
                                         {"modality": "TEXT", "tokenCount": 5}]},
            {"input": 100, "output": 5, "image_output": 15},
        ),
        (
            {"toolUsePromptTokenCount": 8,
             "toolUsePromptTokensDetails": [{"modality": "IMAGE", "tokenCount": 8}],
             "promptTokensDetails": [{"modality": "DOCUMENT", "tokenCount": 40},
                                     {"modality": "IMAGE", "tokenCount": 2}]},
            {"input": 98, "image_input": 10, "output": 20},
        ),
    ],
    ids=["plain", "tools and thoughts", "kinds in the cache", "an image drawn", "a tool's image"],
)  # fmt: skip
def test_gemini_counts_tools_and_thoughts_beside(
    more: dict[str, Any], expected: dict[str, int]
) -> None:
    report = gemini({**GEMINI, **more})

    assert buckets(report) == expected
    assert not report.flags


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"cachedContentTokenCount": 101}, {"input": 100, "output": 20}),
        ({"totalTokenCount": 150}, {"input": 100, "output": 20}),
        (
            {"promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 101}]},
            {"input": 100, "output": 20},
        ),
        (
            {"cachedContentTokenCount": 10,
             "cacheTokensDetails": [{"modality": "IMAGE", "tokenCount": 10}]},
            {"input": 90, "cached_image_input": 10, "output": 20},
        ),
        (
            {"candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 21}]},
            {"input": 100, "output": 20},
        ),
    ],
    ids=["cache beyond the prompt", "another total", "too much audio", "only cached", "too loud"],
)  # fmt: skip
def test_what_gemini_contradicts_itself_in_is_flagged_and_plain(
    more: dict[str, Any], expected: dict[str, int]
) -> None:
    report = gemini({**GEMINI, **more})

    assert buckets(report) == expected
    assert report.flags == (INCONSISTENT,)


def test_gemini_leaves_out_what_is_zero() -> None:
    assert buckets(gemini({"promptTokenCount": 12})) == {"input": 12}


@pytest.mark.parametrize("bad", [-1, "4", 1.5, True])
def test_a_modality_that_is_no_count_voids_the_usage(bad: object) -> None:
    details = [{"modality": "AUDIO", "tokenCount": bad}]

    assert gemini({**GEMINI, "promptTokensDetails": details}).usage is None


def test_a_modality_without_a_count_is_none() -> None:
    told = {**GEMINI, "promptTokensDetails": [{"modality": "AUDIO"}, "odd"]}

    assert buckets(gemini(told)) == {"input": 100, "output": 20}


def test_a_modality_without_a_name_voids_the_usage() -> None:
    assert gemini({**GEMINI, "promptTokensDetails": [{"tokenCount": 4}]}).usage is None


def test_each_query_that_an_answer_is_grounded_on_counts() -> None:
    grounded = {"groundingMetadata": {"webSearchQueries": ["tide", "", "moon", None]}}
    answer = {"candidates": [grounded, {}, "odd"], "serviceTier": "FLEX"}

    report = gemini(GEMINI, answer)

    assert buckets(report) == {"input": 100, "output": 20, "web_search": 2}
    assert report.counters["groundingQueries"] == 2
    assert report.service_tier == "flex"


def test_later_chunks_of_gemini_overwrite_and_may_leave_out() -> None:
    merged = merge_gemini({"promptTokenCount": 5}, {"promptTokenCount": 5, "thoughtsTokenCount": 9})

    assert buckets(gemini(merge_gemini(merged, {"candidatesTokenCount": 2}))) == {
        "input": 5, "output": 2, "reasoning": 9,
    }  # fmt: skip
