"""Every state of the matching, and what leads to it."""

from typing import Any

import pytest

from domain.supplier_report import COST, USAGE
from projections.tie_out.sides import Key, Terms, Tolerance, class_of
from projections.tie_out.states import (
    AMOUNT_MISMATCH,
    EXPECTED,
    MANUALLY_RESOLVED,
    MATCHED,
    MISSING_EXTERNAL,
    MISSING_INTERNAL,
    PARTIALLY_MATCHED,
    STATES,
    STATUS_MISMATCH,
)
from tests.projections.tie_out.told import (
    DAY,
    DOLLAR,
    matched,
    only,
    ours,
    resolution,
    theirs,
)

TOKENS = {"input": 1_000, "output": 500}
MORE = {"input": 1_000, "output": 600}
ONLY_USAGE, ONLY_COST = {"covered": {DAY: {USAGE}}}, {"covered": {DAY: {COST}}}


@pytest.mark.parametrize(
    ("rows", "changes", "state"),
    [
        ([ours(DOLLAR, TOKENS), theirs(DOLLAR, TOKENS)], {}, MATCHED),
        ([ours(DOLLAR, TOKENS), theirs(None, TOKENS)], ONLY_USAGE, MATCHED),
        ([ours(DOLLAR, TOKENS), theirs(DOLLAR)], ONLY_COST, MATCHED),
        ([ours(0, {}), theirs(0, {})], {}, MATCHED),
        ([ours(outcome="timeout", priced=False)], {}, MATCHED),
        ([ours(outcome="timeout", priced=False), theirs(0, {})], {}, MATCHED),
        ([theirs(0, {})], {}, MATCHED),
        ([ours(DOLLAR, TOKENS)], {"covered": {}}, EXPECTED),
        ([ours(DOLLAR, TOKENS)], {}, MISSING_EXTERNAL),
        ([ours(0, TOKENS)], ONLY_USAGE, MISSING_EXTERNAL),
        ([ours(0, {}, priced=False)], {}, MISSING_EXTERNAL),
        ([theirs(1)], {}, MISSING_INTERNAL),
        ([theirs(0, {"output": 1})], {}, MISSING_INTERNAL),
        ([theirs(-DOLLAR)], {}, MISSING_INTERNAL),
        ([ours(outcome="timeout"), theirs(DOLLAR, TOKENS)], {}, STATUS_MISMATCH),
        ([ours(5, outcome="quarantined"), theirs(DOLLAR, TOKENS)], {}, STATUS_MISMATCH),
        ([ours(DOLLAR, TOKENS), theirs(2 * DOLLAR, TOKENS)], {}, AMOUNT_MISMATCH),
        ([ours(DOLLAR, TOKENS), theirs(2 * DOLLAR)], ONLY_COST, AMOUNT_MISMATCH),
        ([ours(DOLLAR, TOKENS), theirs(None, TOKENS)], {}, AMOUNT_MISMATCH),
        ([ours(DOLLAR, TOKENS), theirs(DOLLAR, MORE)], {}, PARTIALLY_MATCHED),
        ([ours(DOLLAR, TOKENS), theirs(None, MORE)], ONLY_USAGE, PARTIALLY_MATCHED),
        ([ours(0, {"output": 1}), theirs(None, {"output": 2})], ONLY_USAGE, AMOUNT_MISMATCH),
        ([ours(0, TOKENS, priced=False), theirs(DOLLAR, TOKENS)], {}, PARTIALLY_MATCHED),
        ([ours(0, TOKENS, priced=False), theirs(DOLLAR)], ONLY_COST, AMOUNT_MISMATCH),
        ([ours(0, TOKENS, priced=False), theirs(0, TOKENS)], {}, MATCHED),
    ],
)
def test_a_state_follows_from_what_both_sides_have(
    rows: list[Any], changes: dict[str, Any], state: str
) -> None:
    assert only(*rows, **changes).state == state


def test_the_states_are_those_of_a_matching_engine() -> None:
    assert set(STATES) == {
        "EXPECTED", "MATCHED", "PARTIALLY_MATCHED", "AMOUNT_MISMATCH", "STATUS_MISMATCH",
        "MISSING_INTERNAL", "MISSING_EXTERNAL", "MANUALLY_RESOLVED",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tolerance", "amount", "agrees"),
    [
        (Tolerance(), DOLLAR + 15_075_376, True),
        (Tolerance(), DOLLAR + 15_075_377, False),
        (Tolerance(), DOLLAR - 15_000_000, True),
        (Tolerance(), DOLLAR - 15_000_001, False),
        (Tolerance(5, 0), DOLLAR + 5, True),
        (Tolerance(5, 0), DOLLAR - 6, False),
        (Tolerance(0, 0), DOLLAR, True),
        (Tolerance(0, 0), DOLLAR + 1, False),
        (Tolerance(0, 10_000), 0, True),
        (Tolerance(0, 9_999), 0, False),
    ],
)
def test_amounts_may_be_apart_by_so_much_and_so_many_basis_points(
    tolerance: Tolerance, amount: int, agrees: bool
) -> None:
    item = only(ours(DOLLAR), theirs(amount), covered={DAY: {COST}}, terms=Terms(tolerance))

    assert (item.state == MATCHED) is agrees
    assert tolerance.amounts(amount, DOLLAR) is tolerance.amounts(DOLLAR, amount) is agrees
    assert tolerance.amounts(-amount, -DOLLAR) is agrees


def test_tokens_may_be_apart_by_basis_points_only() -> None:
    def state(count: int) -> str:
        rows = (ours(0, {"input": 1_000}), theirs(None, {"input": count}))
        return only(*rows, covered={DAY: {USAGE}}).state

    assert state(1_005) == MATCHED
    assert state(1_006) == AMOUNT_MISMATCH
    assert state(995) == MATCHED
    assert state(994) == AMOUNT_MISMATCH


def test_classes_of_tokens_are_compared_and_not_their_parts() -> None:
    mine = {"input": 5, "audio_input": 1, "output": 7, "reasoning": 30, "cache_write_5m": 9}
    other = {"input": 4, "image_input": 2, "output": 37, "cache_write": 9}

    item = only(ours(0, mine), theirs(None, other), covered={DAY: {USAGE}})

    assert item.state == MATCHED
    assert item.verdicts.usage == {"input": True, "cache_write": True, "output": True}
    assert [class_of(name) for name in ("cached_input", "cache_write_1h", "image_output")] == [
        "cached_input",
        "cache_write",
        "output",
    ]


def test_a_resolution_settles_the_figures_that_were_accepted() -> None:
    rows = (ours(DOLLAR, TOKENS), theirs(2 * DOLLAR, TOKENS))
    open_item = only(*rows)
    accepted = {Key(DAY, "m", "p"): resolution(open_item)}

    settled = only(*rows, resolutions=accepted)
    changed = only(ours(DOLLAR, TOKENS), theirs(3 * DOLLAR, TOKENS), resolutions=accepted)
    agreeing = only(ours(DOLLAR, TOKENS), theirs(DOLLAR, TOKENS), resolutions=accepted)

    assert (open_item.settled, open_item.outdated) == (False, False)
    assert (settled.state, settled.found) == (MANUALLY_RESOLVED, AMOUNT_MISMATCH)
    assert (settled.settled, settled.outdated) == (True, False)
    assert (changed.state, changed.outdated) == (AMOUNT_MISMATCH, True)
    assert (agreeing.state, agreeing.outdated) == (MATCHED, True)


def test_a_tie_out_is_settled_when_every_item_is() -> None:
    good = [ours(DOLLAR, TOKENS), theirs(DOLLAR, TOKENS)]

    assert matched().settled
    assert matched(*good).settled
    assert not matched(*good, ours(DOLLAR, model="n")).settled
