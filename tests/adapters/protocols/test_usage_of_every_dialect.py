"""What holds of usage whatever protocol told it: golden vectors, and reading what was written."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from adapters.protocols.counters import COUNTER_MAX, COUNTERS_MAX, INCONSISTENT
from domain.usage import COUNTERS, Usage, exclusive
from tests.adapters.protocols.usages import COUNTS, DIALECTS, USAGES, Dialect

EACH = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)

# One call in the words of each vendor: 100 fresh, 900 read from a cache and 50 written to one,
# 30 out of which 10 were thoughts (wire-facts §7).
ONE_CALL: dict[str, dict[str, Any]] = {
    "openai_chat": {
        "prompt_tokens": 1050, "completion_tokens": 30, "total_tokens": 1080,
        "prompt_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 50},
        "completion_tokens_details": {"reasoning_tokens": 10},
    },
    "openai_responses": {
        "input_tokens": 1050, "output_tokens": 30, "total_tokens": 1080,
        "input_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 50},
        "output_tokens_details": {"reasoning_tokens": 10},
    },
    "anthropic": {
        "input_tokens": 100, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 30, "output_tokens_details": {"thinking_tokens": 10},
    },
    "gemini": {
        "promptTokenCount": 1050, "cachedContentTokenCount": 900, "candidatesTokenCount": 20,
        "thoughtsTokenCount": 10, "totalTokenCount": 1080,
    },
    "bedrock": {
        "inputTokens": 100, "cacheReadInputTokens": 900, "cacheWriteInputTokens": 50,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 50}], "outputTokens": 30,
        "totalTokens": 130,
    },
    "dashscope": {
        "input_tokens": 1050, "output_tokens": 30, "total_tokens": 1080,
        "prompt_tokens_details": {
            "cached_tokens": 900, "cache_creation_input_tokens": 50,
            "cache_creation": {"ephemeral_5m_input_tokens": 50}, "cache_type": "ephemeral",
        },
        "output_tokens_details": {"reasoning_tokens": 10},
    },
}  # fmt: skip
WRITTEN = {
    "openai_chat": {"cache_write": 50},
    "openai_responses": {"cache_write": 50},
    "gemini": {},
}
THOUGHT = {"bedrock": {"output": 30}}


@EACH
def test_one_call_is_the_same_in_every_dialect(dialect: Dialect) -> None:
    report = dialect.read(ONE_CALL[dialect.name])

    written = WRITTEN.get(dialect.name, {"cache_write_5m": 50})
    produced = THOUGHT.get(dialect.name, {"output": 20, "reasoning": 10})
    fresh = 150 if dialect.name == "gemini" else 100
    assert report.usage == Usage({"input": fresh, "cached_input": 900, **written, **produced})
    assert (report.usage.input_tokens, report.usage.output_tokens) == (1050, 30)
    assert not report.flags


@EACH
@given(usage=USAGES)
def test_what_was_written_is_read_again_as_far_as_the_dialect_can_say_it(
    dialect: Dialect, usage: Usage
) -> None:
    sayable = exclusive(**{c: n for c, n in usage.buckets.items() if c in dialect.expressed})

    report = dialect.read(dialect.write(sayable))

    assert report.usage == sayable
    assert report.flags == ()


@EACH
@given(usage=USAGES)
def test_what_a_dialect_cannot_say_counts_at_least_on_the_right_side(
    dialect: Dialect, usage: Usage
) -> None:
    report = dialect.read(dialect.write(usage))

    assert report.usage is not None
    assert report.usage.input_tokens == usage.input_tokens
    assert report.usage.output_tokens == usage.output_tokens
    assert report.flags == ()


def test_only_the_written_cache_and_counters_of_tools_are_beyond_some_dialects() -> None:
    everything = {name for dialect in DIALECTS for name in dialect.expressed}

    assert everything >= set(COUNTERS) | {"cached_audio_input", "cache_write_12h"}


@EACH
@pytest.mark.parametrize("nothing", [None, [], {}, "text", 12, {"note": "text"}])
def test_what_is_no_usage_object_is_no_usage(dialect: Dialect, nothing: object) -> None:
    assert dialect.read(nothing).usage is None


@EACH
@pytest.mark.parametrize("bad", [-1, COUNTER_MAX, "5", 5.0, True, [5], 2**70])
@pytest.mark.parametrize("place", [0, 1])
def test_a_counter_that_is_no_count_voids_the_whole_usage(
    dialect: Dialect, bad: object, place: int
) -> None:
    reported = {**dialect.write(exclusive(input=5, output=5)), dialect.parts[place]: bad}

    report = dialect.read(reported)

    assert report.usage is None
    assert not report.counters


@EACH
def test_a_counter_of_null_is_one_that_was_not_told(dialect: Dialect) -> None:
    told = dialect.write(exclusive(input=5, output=5))

    assert dialect.read({**told, "other_tokens": None}) == dialect.read(told)


@EACH
def test_a_usage_without_the_prompt_is_none_and_what_was_told_is_kept(dialect: Dialect) -> None:
    told = dialect.write(exclusive(input=5, output=7))
    del told[dialect.parts[0]]

    report = dialect.read(told)

    assert report.usage is None
    assert 7 in report.counters.values()


@EACH
def test_a_usage_object_of_endless_counters_is_none(dialect: Dialect) -> None:
    told = dialect.write(exclusive(input=5, output=5))
    flood = {f"n{n}_tokens": n for n in range(COUNTERS_MAX)}

    assert dialect.read({**told, **flood}).usage is None


@EACH
def test_no_text_of_a_provider_is_kept(dialect: Dialect) -> None:
    told = dialect.write(exclusive(input=5, output=5))

    report = dialect.read({**told, "note": "secret", "secret \x00 tokens": 5, "d": {"x y": {}}})

    assert report.usage is not None
    assert all(name.replace(".", "").isidentifier() for name in report.counters)


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@EACH
@given(data=st.data())
def test_whatever_a_provider_says_is_read_without_a_fault(
    dialect: Dialect, data: st.DataObject
) -> None:
    told = dialect.write(data.draw(USAGES))
    name = data.draw(st.sampled_from([*told, "plugins", "cacheDetails", "trafficType", "speed"]))
    reported = {**told, name: data.draw(Json)}

    report = dialect.read(reported)

    if report.usage is not None:
        assert all(count > 0 for count in report.usage.buckets.values())
        assert set(report.flags) <= {INCONSISTENT}


@EACH
@given(fresh=COUNTS, output=COUNTS, cached=COUNTS, thought=COUNTS)
def test_parts_never_make_more_than_the_whole(
    dialect: Dialect, fresh: int, output: int, cached: int, thought: int
) -> None:
    told = dialect.write(exclusive(cached_input=cached, reasoning=thought))
    reported = {**told, dialect.parts[0]: fresh, dialect.parts[1]: output}

    usage = dialect.read(reported).usage

    assert usage is not None
    beside = dialect.name in {"anthropic", "bedrock"}
    assert usage.input_tokens == fresh + (cached if beside else 0)
    assert usage.output_tokens in {output, output + thought}
