"""Properties of the matching, for any rows: no order, no cut, and nothing twice or left out."""

import random
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from domain.supplier_report import COST, USAGE
from projections.tie_out.match import Item, TieOut, tie_out
from projections.tie_out.sides import CLASSES, Metered, Reported, Sides, Terms, Tolerance
from tests.projections.tie_out.told import BEFORE, DAY, END, NEXT, lost, ours, sides, theirs

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How slow a busy machine makes an example says nothing of the matching."""

MODELS = ["m", "m-2024-07-18", "n", "item:fee"]
figures = st.integers(0, 10**10)
usages = st.dictionaries(
    st.sampled_from(["input", "cached_input", "cache_write_5m", "output", "reasoning"]),
    st.integers(0, 10**6),
)
metered = st.builds(
    ours,
    figures,
    usages,
    day=st.sampled_from([BEFORE, DAY, NEXT]),
    model=st.sampled_from(MODELS[:3]),
    outcome=st.sampled_from(["ok", "ok", "broken", "timeout", "status_500", "quarantined", "none"]),
    priced=st.booleans(),
    crossed=st.booleans(),
    attempts=st.integers(0, 20),
)
reported = st.builds(
    theirs,
    st.none() | st.integers(-(10**9), 10**10),
    st.none() | usages,
    day=st.sampled_from([DAY, NEXT]),
    model=st.sampled_from(MODELS),
    credential=st.sampled_from(["", "key_1"]),
    component=st.sampled_from(["", "input"]),
    requests=st.none() | st.integers(0, 9),
)
kinds = st.frozensets(st.sampled_from([USAGE, COST]))
terms = st.builds(
    Terms,
    tolerance=st.builds(Tolerance, st.integers(0, 10**8), st.integers(0, 500)),
    routes=st.just({"ours": {"m", "n"}}),
    undiscounted=st.sampled_from([frozenset[str](), frozenset({"m"})]),
)


@st.composite
def any_sides(draw: st.DrawFn) -> Sides:
    lines = [
        line._replace(number=number)
        for number, line in enumerate(draw(st.lists(reported, max_size=8)))
    ]
    covered = {line.day: {USAGE, COST} for line in lines}
    for day in (DAY, NEXT):
        if day not in covered:
            covered[day] = {*draw(kinds)}
    return sides(
        *draw(st.lists(metered, max_size=8)),
        *lines,
        covered=covered,
        partial=draw(st.frozensets(st.sampled_from([DAY, NEXT]))),
        lost=[lost(str(number)) for number in range(draw(st.integers(0, 3)))],
    )


def shuffled(both: Sides, dice: random.Random) -> Sides:
    def mixed(rows: Any) -> list[Any]:
        return dice.sample([*rows], len(rows))

    return Sides(
        both.provider, both.since, both.until, mixed(both.metered), mixed(both.reported),
        both.covered, both.partial, mixed(both.lost), both.resolutions,
    )  # fmt: skip


def figures_of(found: TieOut) -> list[Any]:
    """All of a tie-out but the numbers of lines, which splitting changes."""
    return [
        (
            item.key, item.state, item.difference, item.verdicts, item.ours, item.theirs.figures(),
            item.theirs.components, [(r.reason, r.quantity) for r in item.residuals],
            item.candidates,
        )
        for item in found.items
    ]  # fmt: skip


@unhurried
@given(any_sides(), terms, st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(
    both: Sides, agreed: Terms, dice: random.Random
) -> None:
    assert tie_out(shuffled(both, dice), agreed) == tie_out(both, agreed)


@unhurried
@given(any_sides(), terms, st.data())
def test_a_line_may_be_split_into_two(both: Sides, agreed: Terms, data: st.DataObject) -> None:
    if not both.reported:
        return
    index = data.draw(st.integers(0, len(both.reported) - 1))
    line, others = both.reported[index], [*both.reported[:index], *both.reported[index + 1 :]]
    first, second = split(line, data)
    cut = sides(*both.metered, *others, first, second, covered=both.covered)

    whole = sides(*both.metered, *both.reported, covered=both.covered)

    assert figures_of(tie_out(cut, agreed)) == figures_of(tie_out(whole, agreed))


def split(line: Reported, data: st.DataObject) -> tuple[Reported, Reported]:
    def part(figure: int | None) -> tuple[int | None, int | None]:
        if figure is None:
            return None, None
        taken = data.draw(st.integers(min(0, figure), max(0, figure)))
        return taken, figure - taken

    parts = {name: part(quantity) for name, quantity in (line.usage or {}).items()}
    usage = [{name: two[side] or 0 for name, two in parts.items()} for side in (0, 1)]
    amount, requests = part(line.amount), part(line.requests)
    first, second = (
        line._replace(
            number=1_000 + side,
            usage=None if line.usage is None else usage[side],
            amount=amount[side],
            requests=requests[side],
        )
        for side in (0, 1)
    )
    return first, second


@unhurried
@given(any_sides(), terms)
def test_every_row_of_both_sides_is_in_exactly_one_item(both: Sides, agreed: Terms) -> None:
    items = tie_out(both, agreed).items

    keys = [item.key for item in items]
    lines = [line for item in items for line in item.theirs.lines]
    mine = [row for row in both.metered if row.day >= both.since]
    assert keys == sorted(set(keys))
    assert sorted(lines) == sorted(line.reference for line in both.reported)
    assert sum(item.ours.cost for item in items) == sum(row.cost for row in mine)
    assert sum(item.ours.attempts.total() for item in items) == sum(row.attempts for row in mine)
    assert sum(item.ours.tokens for item in items) == sum(tokens(row) for row in mine)
    assert sum(item.theirs.amount or 0 for item in items) == sum(
        line.amount or 0 for line in both.reported
    )
    assert sum(item.theirs.tokens for item in items) == sum(tokens(line) for line in both.reported)


def tokens(row: Metered | Reported) -> int:
    return sum((row.usage or {}).values())


@unhurried
@given(any_sides(), terms)
def test_the_parts_of_a_difference_add_up_to_it(both: Sides, agreed: Terms) -> None:
    for item in tie_out(both, agreed).items:
        if item.state == "EXPECTED":
            assert (item.difference, item.residuals) == (None, ())
        else:
            assert item.difference == apart(item)
            assert sum(part.quantity for part in item.residuals) == item.difference
            assert all(type(part.quantity) is int for part in item.residuals)


def apart(item: Item) -> int:
    if item.unit == "amount":
        return (item.theirs.amount or 0) - item.ours.cost
    mine = sum(item.ours.usage[name] for name in CLASSES)
    return sum((item.theirs.usage or {}).values()) - mine


@unhurried
@given(any_sides())
def test_a_wider_tolerance_never_unsettles_anything(both: Sides) -> None:
    settled = [
        {
            item.key
            for item in tie_out(both, Terms(Tolerance(absolute, points))).items
            if item.settled
        }
        for absolute, points in ((0, 0), (10**7, 50), (10**9, 2_000))
    ]

    assert settled[0] <= settled[1] <= settled[2]


@unhurried
@given(any_sides(), terms)
def test_matching_again_is_the_same(both: Sides, agreed: Terms) -> None:
    assert tie_out(both, agreed) == tie_out(both, agreed)


def test_days_outside_of_the_span_serve_as_evidence_only() -> None:
    found = tie_out(sides(ours(5, day=BEFORE), until=END), Terms())

    assert found.items == ()
