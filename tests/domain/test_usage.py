import pytest

from domain.usage import (
    COMPONENTS,
    COUNTERS,
    INPUT_COMPONENTS,
    METERED,
    OUTPUT_COMPONENTS,
    Usage,
    exclusive,
)


def test_input_and_output_are_the_sums_of_their_buckets() -> None:
    usage = exclusive(input=1, cached_input=2, cache_write_5m=4, output=8, reasoning=16)

    assert usage.input_tokens == 7
    assert usage.output_tokens == 24


def test_no_component_is_counted_twice() -> None:
    assert len(set(METERED)) == len(METERED)
    assert (*INPUT_COMPONENTS, *OUTPUT_COMPONENTS, *COUNTERS) == METERED
    assert {*METERED, "request"} == COMPONENTS


def test_requests_to_tools_are_no_tokens() -> None:
    usage = exclusive(input=1, output=2, web_search=3, file_search=4)

    assert (usage.input_tokens, usage.output_tokens) == (1, 2)
    assert usage.counters == {"web_search": 3, "file_search": 4}
    assert usage.capped(0).counters == usage.counters


def test_what_was_read_from_and_written_to_a_cache_is_within_the_prompt() -> None:
    usage = exclusive(
        input=1, cached_input=2, cached_audio_input=4, cache_write=8, cache_write_12h=16
    )

    assert (usage.cached_tokens, usage.written_tokens, usage.input_tokens) == (6, 24, 31)


def test_empty_buckets_are_left_out() -> None:
    assert exclusive(input=0, output=3).buckets == {"output": 3}


@pytest.mark.parametrize("buckets", [{"tokens": 1}, {"request": 1}, {"input": -1}])
def test_what_is_not_metered_cannot_be_usage(buckets: dict[str, int]) -> None:
    with pytest.raises(AssertionError):
        Usage(buckets)


@pytest.mark.parametrize("cap", [30, 31])
def test_output_within_the_cap_is_left_as_it_is(cap: int) -> None:
    usage = exclusive(input=5, output=10, reasoning=20)

    assert usage.capped(cap) is usage


@pytest.mark.parametrize(
    ("cap", "left"),
    [
        (29, {"output": 9, "reasoning": 20}),
        (20, {"reasoning": 20}),
        (1, {"reasoning": 1}),
        (0, {}),
    ],
)
def test_beyond_the_cap_plain_output_goes_first(cap: int, left: dict[str, int]) -> None:
    usage = exclusive(input=5, output=10, reasoning=20)

    assert usage.capped(cap).buckets == {"input": 5, **left}
    assert usage.buckets == {"input": 5, "output": 10, "reasoning": 20}
