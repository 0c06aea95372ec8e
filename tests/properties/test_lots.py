"""What must be true of every allocation."""

from hypothesis import given, strategies as st

from domain.grants import PAID, Lot, merged, split, take, total
from tests.properties.profiles import CI

allocations = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 100)), max_size=6)


@CI
@given(allocations, st.integers(-5, 700))
def test_a_cut_loses_nothing_and_takes_as_much_as_it_can(
    allocation: list[tuple[str, int]], amount: int
) -> None:
    amount = max(0, amount)

    used, left = split(allocation, amount)

    assert total(used) == min(amount, total(allocation))
    assert total(used) + total(left) == total(allocation)
    assert merged(used, left) == merged(allocation)
    assert all(part > 0 for _, part in (*used, *left))


@CI
@given(st.lists(st.integers(0, 50), max_size=6), st.integers(-5, 300))
def test_taking_empties_a_lot_before_it_opens_the_next(available: list[int], amount: int) -> None:
    lots = [Lot(str(n), PAID, 0, None, n, here) for n, here in enumerate(available)]

    taken = dict(take(lots, amount))

    assert total(taken.items()) == max(0, min(amount, sum(available)))
    emptied = [taken.get(lot.grant_id, 0) == lot.available for lot in lots]
    touched = [lot.grant_id in taken for lot in lots if lot.available]
    assert touched == sorted(touched, reverse=True)
    assert [here for here, lot in zip(emptied, lots, strict=True) if lot.grant_id in taken][
        :-1
    ] == [True] * max(0, len(taken) - 1)
