"""What Hypothesis draws from: amounts, prices, quotes, usages."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from domain.quote import Quote
from domain.usage import INPUT_COMPONENTS, OUTPUT_COMPONENTS

MILLION = 1_000_000

amounts = st.one_of(*[st.integers(1, 200)] * 5, st.integers(1, 10**15))
"""Mostly so small that holds collide."""

prices = st.one_of(
    st.sampled_from([0, 1, 400_000, 500_000, MILLION, 1_500_000, 3 * MILLION]),
    st.integers(0, 10**12),
)
COMPONENTS = (*INPUT_COMPONENTS, *OUTPUT_COMPONENTS, "request")
any_cards = st.dictionaries(st.sampled_from(COMPONENTS), prices)
any_usages = st.dictionaries(
    st.sampled_from((*INPUT_COMPONENTS, *OUTPUT_COMPONENTS)), st.integers(0, 10**7)
)

PRICED = ("input", "cached_input", "cache_write", "output", "reasoning", "request")
CARDS: list[dict[str, int]] = [
    {"input": MILLION, "output": 2 * MILLION},
    {"input": 500_000, "cached_input": 250_000, "output": 1_500_000, "reasoning": 2_500_000},
    {"input": 700_000, "cache_write": 900_000, "output": 1_300_001, "request": 3 * MILLION},
    {"input": 0, "output": 0},
]
"""Prices at which a call costs about as many nanos as it has tokens, and one that is free."""

quotes = st.builds(
    Quote,
    input_tokens=st.integers(0, 40),
    output_cap=st.integers(0, 40),
    clamps=st.booleans(),
    choices=st.integers(1, 2),
)
usages: st.SearchStrategy[dict[str, int]] = st.fixed_dictionaries(
    {},
    optional={
        "input": st.one_of(st.integers(0, 60), st.integers(0, 60), st.integers(0, 400)),
        "cached_input": st.integers(0, 20),
        "cache_write": st.integers(0, 20),
        "output": st.integers(0, 80),
        "reasoning": st.integers(0, 20),
    },
)

any_quotes = st.builds(
    Quote,
    input_tokens=st.integers(0, 10**7),
    output_cap=st.integers(0, 10**6),
    clamps=st.booleans(),
    choices=st.integers(1, 8),
)

durations = st.sampled_from([timedelta(seconds=n) for n in (1, 30, 60, 600)])
TICK = timedelta(microseconds=1)

claims: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.none(), st.tuples(st.sampled_from("abc"), st.sampled_from("xy"))
)
"""An idempotency key and a body, or none."""
