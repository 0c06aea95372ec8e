"""Multipliers, steps by the prompt's size, service tiers and tools, with figures."""

import pytest

from domain.errors import UnsupportedParameterError
from domain.pricing import RateCard, ServiceTier, Step, rate
from domain.quote import Quote
from domain.service_tier import STANDARD, UNEXPECTED, UNTOLD, billed_at, served_at
from domain.usage import exclusive

MILLION = 1_000_000
LIST = {"input": 2 * MILLION, "output": 10 * MILLION}
STEPPED = RateCard(
    LIST,
    above=(
        Step(100, {"input": 3 * MILLION}),
        Step(200, {"input": 4 * MILLION, "output": 20 * MILLION}),
    ),
)
TIERED = RateCard(
    {**LIST, "web_search": 30 * MILLION},
    tiers={
        "flex": ServiceTier((1, 2)),
        "priority": ServiceTier(
            prices={"input": 5 * MILLION}, above=(Step(100, {"output": 40 * MILLION}),)
        ),
    },
)


def test_a_multiplier_is_of_the_exact_sum_and_rounded_once() -> None:
    # 3 × 0.5 and 1 × 0.7 at three fifths are 1.32: rounded line by line it would be 0.9 + 0.42.
    card = RateCard({"input": MILLION // 2, "output": 700_000}, (3, 5))

    assert rate(exclusive(input=3, output=1), card) == 1
    assert rate(exclusive(input=5), RateCard({"input": MILLION}, (1, 2))) == 2
    assert rate(exclusive(input=7), RateCard({"input": MILLION}, (1, 2))) == 4


def test_a_third_of_a_price_is_never_rounded_before_the_sum() -> None:
    third = RateCard({"input": MILLION}, (1, 3))

    assert rate(exclusive(input=3), third) == 1
    assert rate(exclusive(input=3_000_001), third) == MILLION


@pytest.mark.parametrize(
    ("tokens", "charge"),
    [(100, 100 * 2 + 10), (101, 101 * 3 + 10), (200, 200 * 3 + 10), (201, 201 * 4 + 20)],
)
def test_beyond_a_step_its_prices_are_for_all_tokens(tokens: int, charge: int) -> None:
    assert rate(exclusive(input=tokens, output=1), STEPPED) == charge


def test_the_whole_prompt_counts_for_a_step_and_output_does_not() -> None:
    usage = exclusive(input=50, cached_input=30, cache_write_5m=21, output=900)

    assert rate(usage, STEPPED) == 101 * 3 + 9_000
    assert STEPPED.reached(101) == 100
    assert STEPPED.reached(100) is None
    assert STEPPED.reached(500) == 200


def test_a_component_that_a_step_does_not_name_keeps_its_own_price() -> None:
    card = RateCard({**LIST, "cached_input": MILLION}, above=(Step(10, {"input": 9 * MILLION}),))

    assert rate(exclusive(cached_input=11, cache_write=1), card) == 11 + 9


def test_a_service_tier_is_a_share_of_the_prices_or_prices_of_its_own() -> None:
    usage = exclusive(input=10, output=2)

    assert rate(usage, TIERED) == 40
    assert rate(usage, TIERED, "flex") == 20
    assert rate(usage, TIERED, "priority") == 70
    assert rate(exclusive(input=101, output=2), TIERED, "priority") == 505 + 80
    assert TIERED.reached(101, "priority") == 100


def test_a_tiers_own_steps_come_after_its_own_prices() -> None:
    dear = ServiceTier(prices={"input": 5 * MILLION}, above=(Step(100, {"input": 7 * MILLION}),))
    card = RateCard(LIST, above=(Step(50, {"input": 9 * MILLION}),), tiers={"dear": dear})

    charges = [rate(exclusive(input=size), card, "dear") for size in (60, 101)]

    assert charges == [300, 707]


def test_a_tier_comes_on_top_of_a_discount() -> None:
    assert rate(exclusive(input=10, output=2), TIERED.multiplied((1, 2)), "flex") == 10


def test_requests_to_tools_are_priced_by_the_million_like_all_else() -> None:
    assert rate(exclusive(web_search=2), TIERED) == 60
    assert rate(exclusive(web_fetch=2), TIERED) == 0


def test_a_hold_takes_the_dearest_that_the_prompt_may_reach() -> None:
    cheaper_beyond = RateCard(LIST, above=(Step(100, {"input": MILLION, "output": MILLION}),))

    assert Quote(100, 10, clamps=False).hold(STEPPED, 10) == 100 * 2 + 100
    assert Quote(101, 10, clamps=False).hold(STEPPED, 10) == 101 * 3 + 100
    assert Quote(201, 10, clamps=False).hold(STEPPED, 10) == 201 * 4 + 200
    # A prompt that was thought to be large may turn out small, and small ones cost more here.
    assert Quote(101, 10, clamps=False).hold(cheaper_beyond, 10) == 101 * 2 + 100


def test_a_hold_is_at_the_dearer_of_the_tier_asked_for_and_the_standard_one() -> None:
    asked = [Quote(10, 2, clamps=False, service_tier=tier) for tier in (None, "flex", "priority")]

    assert [quote.hold(TIERED, 2) for quote in asked] == [40, 40, 70]


def test_a_hold_covers_the_tools_that_may_be_used() -> None:
    assert Quote(10, 2, clamps=False, extras={"web_search": 3}).hold(TIERED, 2) == 40 + 90


def test_what_the_funds_allow_is_the_least_of_all_that_may_come() -> None:
    assert Quote(10, 50, clamps=True, service_tier="flex").affordable_cap(TIERED, 120) == 10
    assert Quote(101, 50, clamps=True, service_tier="priority").affordable_cap(TIERED, 545) == 1
    assert Quote(101, 50, clamps=True, service_tier="priority").affordable_cap(TIERED, 504) == -1
    half = RateCard(LIST, (1, 2))
    assert [Quote(10, 50, clamps=True).affordable_cap(half, n) for n in (9, 10, 14, 15)] == [
        -1, 0, 0, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("quote", "param", "named"),
    [
        (Quote(1, 1, clamps=False, service_tier="turbo"), "service_tier", "'turbo'"),
        (Quote(1, 1, clamps=False, extras={"web_fetch": 1}), "tools", "web_fetch"),
    ],
)
def test_what_has_no_price_is_refused_by_its_name(quote: Quote, param: str, named: str) -> None:
    with pytest.raises(UnsupportedParameterError, match=named) as refused:
        quote.check_priced(TIERED)

    assert refused.value.param == param


def test_what_has_a_price_or_is_not_used_is_let_through() -> None:
    extras = {"web_search": 5, "web_fetch": 0}

    Quote(1, 1, clamps=False, service_tier="flex", extras=extras).check_priced(TIERED)
    Quote(1, 1, clamps=False).check_priced(RateCard({}))


def test_a_tool_that_is_free_is_priced() -> None:
    card = RateCard({"web_search": 0})

    Quote(1, 1, clamps=False, extras={"web_search": 9}).check_priced(card)


@pytest.mark.parametrize(
    ("requested", "reported", "tier", "flags"),
    [
        (None, None, None, ()),
        (None, STANDARD, None, ()),
        ("flex", None, "flex", (UNTOLD,)),
        ("priority", None, None, (UNTOLD,)),
        ("flex", "flex", "flex", ()),
        ("flex", STANDARD, None, ()),
        ("flex", "priority", "flex", (UNEXPECTED,)),
        (None, "priority", None, (UNEXPECTED,)),
        ("flex", "unknown", "flex", (UNEXPECTED,)),
    ],
)
def test_a_call_is_rated_at_the_tier_that_served_it_if_that_was_held_for(
    requested: str | None, reported: str | None, tier: str | None, flags: tuple[str, ...]
) -> None:
    assert served_at(requested, reported, exclusive(input=10), TIERED) == (tier, flags)


def test_a_supplier_bills_the_tier_that_it_names_if_its_prices_know_it() -> None:
    assert billed_at(TIERED, "flex") == "flex"
    assert billed_at(TIERED, "turbo") is None
    assert billed_at(TIERED, None) is None


def test_the_card_that_a_hold_is_priced_by_can_be_told() -> None:
    quote = Quote(101, 2, clamps=False, service_tier="priority")

    dearest = quote.dearest(TIERED, 2)

    assert dearest == TIERED.at(101, "priority")
    assert quote.hold(TIERED, 2) == quote.hold(dearest_only(dearest), 2) == 101 * 5 + 2 * 40


def dearest_only(card: RateCard) -> RateCard:
    return RateCard(card.prices, tiers={"priority": ServiceTier()})
