"""What may explain a difference, with its part of it and the figures it rests on."""

from typing import Any

import pytest

from domain.supplier_report import COST, USAGE
from projections.tie_out.match import Item
from projections.tie_out.residuals import Residual
from projections.tie_out.sides import Terms
from tests.projections.tie_out.told import (
    BEFORE,
    CENT,
    DAY,
    DOLLAR,
    lost,
    matched,
    only,
    ours,
    theirs,
)

TOKENS = {"input": 1_000, "cached_input": 400, "output": 500}
ONLY_USAGE, ONLY_COST = {"covered": {DAY: {USAGE}}}, {"covered": {DAY: {COST}}}


def reasons(item: Item) -> dict[str, int]:
    parts = {residual.reason: residual.quantity for residual in item.residuals}
    assert len(parts) == len(item.residuals)
    assert sum(parts.values()) == item.difference
    return parts


def evidence(item: Item, reason: str) -> dict[str, int]:
    (found,) = (residual for residual in item.residuals if residual.reason == reason)
    return dict(found.evidence)


def test_no_difference_needs_no_reason() -> None:
    assert only(ours(DOLLAR, TOKENS), theirs(DOLLAR, TOKENS)).residuals == ()
    assert only(ours(DOLLAR), covered={}).residuals == ()


@pytest.mark.parametrize("apart", [1, -1, CENT])
def test_what_is_within_the_tolerance_is_rounding(apart: int) -> None:
    item = only(ours(DOLLAR, TOKENS), theirs(DOLLAR + apart, TOKENS))

    assert item.residuals == (Residual("rounding", apart, {}),)


def test_tokens_within_the_tolerance_are_rounding_too() -> None:
    item = only(ours(0, {"input": 1_000}), theirs(None, {"input": 1_001}), **ONLY_USAGE)

    assert (item.unit, item.residuals) == ("tokens", (Residual("rounding", 1, {}),))


def test_a_fee_is_no_models() -> None:
    item = only(theirs(DOLLAR, model="item:web_search"))

    assert reasons(item) == {"other_charges": DOLLAR}
    assert evidence(item, "other_charges") == {"lines": 1}


def test_an_unpriced_model_explains_what_they_bill_for_it() -> None:
    item = only(
        ours(0, TOKENS, priced=False, attempts=3), theirs(DOLLAR, {**TOKENS, "output": 900})
    )

    assert reasons(item) == {"unpriced_model": DOLLAR}
    assert evidence(item, "unpriced_model") == {"attempts": 3, "tokens": 1_900}


def test_an_unpriced_model_does_not_explain_a_smaller_bill() -> None:
    rows = (ours(DOLLAR), ours(0, priced=False), theirs(DOLLAR // 2))

    assert "unpriced_model" not in reasons(only(*rows, **ONLY_COST))


@pytest.mark.parametrize(("missing", "timed"), [(4 * CENT, 4 * CENT), (9 * CENT, 5 * CENT)])
def test_calls_over_midnight_may_be_billed_on_the_next_day(missing: int, timed: int) -> None:
    crossing = ours(5 * CENT, crossed=True, attempts=2)
    item = only(ours(DOLLAR), crossing, theirs(DOLLAR + 5 * CENT - missing), **ONLY_COST)

    assert reasons(item)["timing"] == -timed
    assert evidence(item, "timing") == {"attempts": 2, "most": 5 * CENT}
    assert reasons(item).get("unknown", 0) == timed - missing


@pytest.mark.parametrize(("extra", "timed"), [(4 * CENT, 4 * CENT), (9 * CENT, 5 * CENT)])
def test_calls_over_midnight_may_be_billed_on_the_day_they_end(extra: int, timed: int) -> None:
    crossing = ours(5 * CENT, crossed=True, attempts=2, day=BEFORE)
    same_day = ours(7 * CENT, day=BEFORE)
    item = only(ours(DOLLAR), crossing, same_day, theirs(DOLLAR + extra), **ONLY_COST)

    assert reasons(item)["timing"] == timed
    assert evidence(item, "timing") == {"attempts": 2, "most": 5 * CENT}


def test_tokens_over_midnight_are_counted_as_tokens() -> None:
    crossing = ours(5 * CENT, {"input": 300}, crossed=True)
    item = only(ours(0, {"input": 1_000}), crossing, theirs(None, {"input": 1_000}), **ONLY_USAGE)

    assert reasons(item) == {"timing": -300}


def test_a_report_that_leaves_out_hours_bills_less() -> None:
    rows = (ours(DOLLAR), theirs(DOLLAR // 2))

    assert reasons(only(*rows, **ONLY_COST, partial={DAY})) == {"timing": -DOLLAR // 2}
    assert reasons(only(*rows, **ONLY_COST)) == {"unknown": -DOLLAR // 2}
    more = only(ours(DOLLAR), theirs(2 * DOLLAR), **ONLY_COST, partial={DAY})
    assert "timing" not in reasons(more)


def test_cached_tokens_that_only_they_count_make_their_bill_smaller() -> None:
    split = {"input": 700, "cached_input": 700, "output": 500}
    less = only(ours(DOLLAR, TOKENS), theirs(DOLLAR // 2, split))
    more = only(ours(DOLLAR, TOKENS), theirs(2 * DOLLAR, split))

    assert reasons(less) == {"cached_token_discount": -DOLLAR // 2}
    assert evidence(less, "cached_token_discount") == {"cached_ours": 400, "moved": 300}
    assert "cached_token_discount" not in reasons(more)


def test_cached_tokens_that_only_we_count_make_their_bill_larger() -> None:
    split = {"input": 1_300, "cached_input": 100, "output": 500}
    item = only(ours(DOLLAR, TOKENS), theirs(2 * DOLLAR, split))

    assert reasons(item) == {"cached_token_discount": DOLLAR}


def test_a_shift_between_classes_is_told_even_where_the_sum_is_the_same() -> None:
    split = {"input": 700, "cached_input": 700, "output": 500}
    item = only(ours(0, TOKENS), theirs(None, split), **ONLY_USAGE)

    assert item.residuals == (
        Residual("cached_token_discount", 0, {"cached_ours": 400, "moved": 300}),
    )


def test_a_cost_card_without_a_price_for_cached_tokens_is_blamed() -> None:
    rows = (ours(DOLLAR, TOKENS), theirs(DOLLAR // 2, TOKENS))
    terms = Terms(undiscounted={"m"})

    assert reasons(only(*rows, terms=terms)) == {"cached_token_discount": -DOLLAR // 2}
    assert reasons(only(*rows)) == {"price_version": -DOLLAR // 2}


@pytest.mark.parametrize(("amount", "ratio"), [(DOLLAR // 2, 5_000), (3 * DOLLAR, 30_000)])
def test_the_same_tokens_at_another_price_are_another_version(amount: int, ratio: int) -> None:
    item = only(ours(DOLLAR, TOKENS), theirs(amount, TOKENS))

    assert reasons(item) == {"price_version": amount - DOLLAR}
    assert evidence(item, "price_version") == {"ratio_basis_points": ratio}


@pytest.mark.parametrize("outcome", ["abandoned", "timeout", "connection_lost", "quarantined"])
def test_streams_that_were_cut_explain_as_much_as_other_calls_cost(outcome: str) -> None:
    cut = ours(outcome=outcome, attempts=2, priced=False)
    answered = ours(DOLLAR, attempts=10)

    little = only(answered, cut, theirs(DOLLAR + 15 * CENT), **ONLY_COST)
    much = only(answered, cut, theirs(2 * DOLLAR), **ONLY_COST)

    assert reasons(little) == {"cancelled_streams": 15 * CENT}
    assert evidence(little, "cancelled_streams") == {"attempts": 2, "unknown_calls": 0}
    assert reasons(much) == {"cancelled_streams": 20 * CENT, "unknown": 80 * CENT}


def test_a_broken_stream_may_have_been_longer_than_what_reached_us() -> None:
    rows = (ours(DOLLAR, attempts=9), ours(0, outcome="broken"), theirs(DOLLAR + 9 * CENT))

    assert reasons(only(*rows, **ONLY_COST)) == {"cancelled_streams": 9 * CENT}


def test_calls_of_unknown_outcome_are_candidates() -> None:
    terms = Terms(routes={"ours": {"m"}, "else": {"n"}})
    calls = [lost("2"), lost("1"), lost("3", model="else"), lost("4", day=BEFORE), lost("5", "x")]
    item = only(
        ours(DOLLAR, attempts=10), theirs(DOLLAR + 15 * CENT), terms=terms, lost=calls, **ONLY_COST
    )

    assert [call.request_id for call in item.candidates] == ["1", "2"]
    assert reasons(item) == {"cancelled_streams": 15 * CENT}
    assert evidence(item, "cancelled_streams") == {"attempts": 0, "unknown_calls": 2}
    found = matched(lost=calls, terms=terms).lost
    assert [call.request_id for call in found] == ["1", "2", "3", "4", "5"]


def test_a_settled_item_has_no_candidates() -> None:
    terms = Terms(routes={"ours": {"m"}})

    item = only(ours(DOLLAR), theirs(DOLLAR), terms=terms, lost=[lost()], **ONLY_COST)

    assert item.candidates == ()


def test_a_lost_call_is_found_under_the_name_that_is_matched() -> None:
    terms = Terms(routes={"ours": {"m-2024-07-18", "m"}})
    rows = (ours(0, model="m-2024-07-18"), theirs(DOLLAR, model="m-2024-07-18"))

    item = only(*rows, terms=terms, lost=[lost()], **ONLY_COST)

    assert (item.key.model, len(item.candidates)) == ("m", 1)


def test_retries_explain_as_much_as_other_calls_cost() -> None:
    failed = ours(outcome="status_500", attempts=2, priced=False)
    rows = (ours(DOLLAR, attempts=10), failed, theirs(DOLLAR + 30 * CENT))

    item = only(*rows, **ONLY_COST)

    assert reasons(item) == {"retries": 20 * CENT, "unknown": 10 * CENT}
    assert evidence(item, "retries") == {"attempts": 2}


@pytest.mark.parametrize("outcome", ["not_sent", "none"])
def test_what_was_never_sent_explains_nothing(outcome: str) -> None:
    rows = (ours(DOLLAR), ours(outcome=outcome, attempts=9), theirs(2 * DOLLAR))

    assert reasons(only(*rows, **ONLY_COST)) == {"unknown": DOLLAR}


def test_attempts_without_any_answer_are_all_there_is_to_blame() -> None:
    rows = (ours(outcome="timeout", priced=False), theirs(2 * DOLLAR))

    assert reasons(only(*rows, **ONLY_COST)) == {"cancelled_streams": 2 * DOLLAR}
    assert reasons(only(theirs(2 * DOLLAR), **ONLY_COST)) == {"unknown": 2 * DOLLAR}


def test_a_rest_that_is_small_is_rounding_after_all() -> None:
    crossing = ours(5 * CENT, crossed=True)
    item = only(ours(DOLLAR), crossing, theirs(DOLLAR - CENT), **ONLY_COST)

    assert reasons(item) == {"timing": -5 * CENT, "rounding": -CENT}


@pytest.mark.parametrize("changes", [ONLY_USAGE, ONLY_COST])
def test_what_nothing_explains_is_unknown(changes: dict[str, Any]) -> None:
    rows = (ours(DOLLAR, {"input": 10}), theirs(9 * DOLLAR, {"input": 20}))

    (only_reason,) = reasons(only(*rows, **changes))

    assert only_reason == "unknown"
