from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from domain.explanation import FEE, explain, format_exact
from domain.inference_request import ESTIMATED, PARTIAL, REPORTED
from domain.money import format_amount
from domain.pricing import RateCard, rate
from domain.usage import COMPONENTS, METERED, Usage, exclusive

CARD = RateCard({"input": 3, "cached_input": 1, "output": 10})
USAGES = st.dictionaries(st.sampled_from(METERED), st.integers(1, 10**7))
CARDS = st.dictionaries(st.sampled_from(sorted(COMPONENTS)), st.integers(0, 10**12))


@given(buckets=USAGES, prices=CARDS)
def test_an_explanation_comes_to_what_the_charge_was_rated_at(
    buckets: dict[str, int], prices: dict[str, int]
) -> None:
    usage, card = Usage(buckets), RateCard(prices)

    explained = explain(usage, card, basis=REPORTED, hold=0)

    assert explained.rated == explained.rounded == rate(usage, card)
    assert explained.exact == sum(line.exact for line in explained.lines)
    counted = {line.component: line.quantity for line in explained.lines if line.component != FEE}
    assert counted == buckets


@given(prices=CARDS, component=st.sampled_from(sorted(COMPONENTS)))
def test_a_price_is_that_of_the_component_that_is_named(
    prices: dict[str, int], component: str
) -> None:
    card = RateCard(prices)

    source = card.priced_as(component)

    assert card.price(component) == (prices[source] if source is not None else 0)
    assert source == component or component not in prices


def test_a_component_without_a_price_names_the_one_it_takes() -> None:
    usage = exclusive(input=1, cached_input=2, cache_write_5m=4, reasoning=8)

    lines = explain(usage, CARD, basis=REPORTED, hold=0).lines

    assert [(line.component, line.price, line.priced_as) for line in lines] == [
        ("cache_write_5m", 3, "input"),
        ("cached_input", 1, "cached_input"),
        ("input", 3, "input"),
        ("reasoning", 10, "output"),
    ]


def test_the_fee_of_a_call_is_a_line_where_there_is_one() -> None:
    with_fee = RateCard({**CARD.prices, FEE: 5_000_000})

    (line,) = explain(exclusive(), with_fee, basis=REPORTED, hold=0).lines

    assert (line.component, line.quantity, line.exact) == (FEE, 1, 5_000_000)
    assert explain(exclusive(), CARD, basis=REPORTED, hold=0).lines == ()


@pytest.mark.parametrize("basis", [ESTIMATED, PARTIAL])
def test_what_was_not_reported_ends_at_the_hold(basis: str) -> None:
    usage = exclusive(output=1_000_000)

    assert explain(usage, CARD, basis=basis, hold=4).rated == 4
    assert explain(usage, CARD, basis=basis, hold=40).rated == 10
    assert explain(usage, CARD, basis=REPORTED, hold=4).rated == 10


@pytest.mark.parametrize(
    ("millionths", "written"),
    [
        (0, "0.00"),
        (1, "0.000000000000001"),
        (-1, "-0.000000000000001"),
        (10**15, "1.00"),
        (1_500_000 * 10**9, "1.50"),
        (-(12 * 10**15 + 10**14), "-12.10"),
    ],
)
def test_an_exact_sum_is_written_with_every_place(millionths: int, written: str) -> None:
    assert format_exact(millionths) == written


@given(st.integers(-(10**30), 10**30))
def test_a_written_sum_is_exact(millionths: int) -> None:
    assert Fraction(format_exact(millionths)) == Fraction(millionths, 10**15)


@given(st.integers(-(10**18), 10**18))
def test_whole_nanos_are_written_as_amounts_are(nanos: int) -> None:
    assert format_exact(nanos * 1_000_000) == format_amount(nanos)
