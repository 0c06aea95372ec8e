"""What must be true of every price list, quote and usage."""

from collections.abc import Mapping
from fractions import Fraction

from hypothesis import given, strategies as st

from domain.money import NANOS_MAX, format_amount, parse_amount
from domain.pricing import RateCard, rate, round_half_even, round_up
from domain.quote import Quote
from domain.usage import INPUT_COMPONENTS, OUTPUT_COMPONENTS, exclusive
from tests.properties.profiles import CI
from tests.strategies import any_cards, any_quotes, any_usages

components = st.sampled_from((*INPUT_COMPONENTS, *OUTPUT_COMPONENTS))


@CI
@given(any_usages, any_cards, components, st.integers(0, 10**6))
def test_more_tokens_never_cost_less(
    usage: dict[str, int], card: dict[str, int], component: str, more: int
) -> None:
    larger = usage | {component: usage.get(component, 0) + more}

    assert rate(exclusive(**larger), RateCard(card)) >= rate(exclusive(**usage), RateCard(card))


@CI
@given(any_usages, any_usages, any_cards)
def test_two_halves_cost_what_the_whole_costs_but_for_one_rounding(
    one: dict[str, int], other: dict[str, int], card: dict[str, int]
) -> None:
    feeless = RateCard({**card, "request": 0})
    both = {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}

    parts = rate(exclusive(**one), feeless) + rate(exclusive(**other), feeless)

    assert abs(rate(exclusive(**both), feeless) - parts) <= 1


@CI
@given(any_usages, any_cards)
def test_a_charge_is_the_exact_price_rounded_half_to_even(
    usage: dict[str, int], card: dict[str, int]
) -> None:
    rates = RateCard(card)
    exact = sum(Fraction(n * rates.price(name), 10**6) for name, n in usage.items())

    assert rate(exclusive(**usage), rates) == round(exact + Fraction(rates.price("request"), 10**6))


@CI
@given(st.integers(-(10**20), 10**20), st.integers(1, 10**7))
def test_rounding_is_what_fractions_say(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)

    assert round_half_even(numerator, denominator) == round(exact)
    assert 0 <= round_up(numerator, denominator) - exact < 1


@CI
@given(st.data(), any_quotes, any_cards)
def test_a_hold_covers_every_usage_within_the_estimate_and_the_cap(
    data: st.DataObject, quote: Quote, card: dict[str, int]
) -> None:
    usage = {
        **data.draw(shares(INPUT_COMPONENTS, quote.input_tokens)),
        **data.draw(shares(OUTPUT_COMPONENTS, quote.output_cap * quote.choices)),
    }

    charge = rate(exclusive(**usage), RateCard(card))

    assert charge <= quote.hold(RateCard(card), quote.output_cap)


@CI
@given(any_quotes, any_cards, st.integers(-1000, 10**13))
def test_the_affordable_cap_is_the_largest_that_fits(
    quote: Quote, card: dict[str, int], funds: int
) -> None:
    rates = RateCard(card)

    cap = quote.affordable_cap(rates, funds)

    assert -1 <= cap <= quote.output_cap
    assert cap == -1 or quote.hold(rates, cap) <= funds
    assert cap == quote.output_cap or quote.hold(rates, cap + 1) > funds


@CI
@given(st.integers(0, 10**6), st.integers(0, 10**6), any_cards)
def test_a_cached_token_is_never_paid_as_plain_input_too(
    plain: int, cached: int, card: dict[str, int]
) -> None:
    rates = RateCard({**card, "input": 3_000_000, "cached_input": 1_000_000, "request": 0})

    assert rate(exclusive(input=plain, cached_input=cached), rates) == 3 * plain + cached


@CI
@given(any_usages, st.integers(0, 10**8))
def test_capping_never_adds_and_never_touches_the_input(usage: dict[str, int], cap: int) -> None:
    metered = exclusive(**usage)

    capped = metered.capped(cap)

    assert capped.output_tokens == min(cap, metered.output_tokens)
    assert capped.input_tokens == metered.input_tokens
    assert all(n <= metered.buckets[name] for name, n in capped.buckets.items())


@CI
@given(st.integers(-NANOS_MAX, NANOS_MAX))
def test_an_amount_is_read_as_it_was_written(nanos: int) -> None:
    assert parse_amount(format_amount(nanos)) == nanos


@st.composite
def shares(draw: st.DrawFn, names: tuple[str, ...], total: int) -> Mapping[str, int]:
    """Share a number of tokens out, or fewer, over components."""
    parts = {}
    for name in names:
        parts[name] = draw(st.integers(0, total))
        total -= parts[name]
    return parts
