"""What must be true of prices with multipliers, steps, service tiers and tools."""

from fractions import Fraction

from hypothesis import assume, given, strategies as st

from domain.explanation import explain, format_exact
from domain.inference_request import REPORTED
from domain.price_page import card_of, terms_of
from domain.pricing import RateCard, Ratio, product, rate, ratio_of
from domain.quote import Quote
from domain.usage import COUNTERS, INPUT_COMPONENTS, OUTPUT_COMPONENTS, exclusive
from projections.audit.prices import rate_again
from tests.properties.cards import TIERS, full_cards, full_usages, ratios
from tests.properties.profiles import CI
from tests.properties.test_prices import shares
from tests.strategies import any_quotes

asked = st.one_of(st.none(), st.sampled_from(TIERS))


@CI
@given(full_cards, full_usages, asked)
def test_a_charge_is_what_verify_rates_it_at_again(
    card: RateCard, usage: dict[str, int], tier: str | None
) -> None:
    assume(tier is None or tier in card.tiers)

    assert rate(exclusive(**usage), card, tier) == rate_again(usage, card, tier)


@CI
@given(full_cards, full_usages, ratios)
def test_a_share_of_a_card_costs_that_share_and_is_rounded_once(
    card: RateCard, usage: dict[str, int], share: Ratio
) -> None:
    whole = rate(exclusive(**usage), card)
    part = rate(exclusive(**usage), card.multiplied(share))

    assert abs(part - Fraction(*share) * whole) <= Fraction(1, 2) + Fraction(*share) / 2


@CI
@given(full_cards, full_usages, asked)
def test_an_explanation_adds_up_exactly_to_the_charge(
    card: RateCard, usage: dict[str, int], tier: str | None
) -> None:
    assume(tier is None or tier in card.tiers)
    used = exclusive(**usage)

    told = explain(used, card, basis=REPORTED, hold=0, tier=tier)

    paid = Fraction(format_exact(told.exact, told.multiplier))
    assert told.rated == told.rounded == rate(used, card, tier) == round(paid * 10**9)
    assert told.exact == sum(line.exact for line in told.lines)
    assert Fraction(format_exact(told.exact)) == Fraction(told.exact, 10**15)


@CI
@given(
    st.data(),
    any_quotes,
    full_cards,
    asked,
    st.dictionaries(st.sampled_from(COUNTERS), st.integers(0, 50)),
)
def test_a_hold_covers_whatever_size_and_tier_the_call_turns_out_to_have(
    data: st.DataObject, size: Quote, card: RateCard, tier: str | None, extras: dict[str, int]
) -> None:
    assume(tier is None or tier in card.tiers)
    quote = Quote(size.input_tokens, size.output_cap, True, size.choices, tier, extras)
    usage = {
        **data.draw(shares(INPUT_COMPONENTS, quote.input_tokens)),
        **data.draw(shares(OUTPUT_COMPONENTS, quote.output_cap * quote.choices)),
        **{name: data.draw(st.integers(0, most)) for name, most in extras.items()},
    }
    served = data.draw(st.sampled_from([None, tier]))

    assert rate(exclusive(**usage), card, served) <= quote.hold(card, quote.output_cap)


@CI
@given(any_quotes, full_cards, asked, st.integers(-1000, 10**13))
def test_the_affordable_cap_is_the_largest_that_fits_under_any_terms(
    size: Quote, card: RateCard, tier: str | None, funds: int
) -> None:
    assume(tier is None or tier in card.tiers)
    quote = Quote(size.input_tokens, size.output_cap, True, size.choices, tier)

    cap = quote.affordable_cap(card, funds)

    assert cap == -1 or quote.hold(card, cap) <= funds
    assert cap == quote.output_cap or quote.hold(card, cap + 1) > funds


@CI
@given(full_cards)
def test_a_card_comes_back_from_the_price_book_as_it_was(card: RateCard) -> None:
    assert card_of(card.prices, terms_of(card)) == card


@CI
@given(ratios, ratios)
def test_shares_multiply_exactly_and_stay_in_lowest_terms(one: Ratio, other: Ratio) -> None:
    found = product(one, other)

    assert Fraction(*found) == Fraction(*one) * Fraction(*other)
    assert found == ratio_of(*found)
