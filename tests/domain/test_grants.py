from datetime import UTC, datetime, timedelta

import pytest

from domain.grants import PAID, PROMOTIONAL, Lot, merged, split, take, total

T0 = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)


def lot(name: str, available: int = 10, **changes: object) -> Lot:
    fields = {"category": PAID, "priority": 0, "expires_at": None, "sequence": 0, **changes}
    return Lot(name, available=available, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sooner", "later"),
    [
        ({"priority": 1, "sequence": 9}, {"priority": 2, "expires_at": T0}),
        ({"expires_at": T0, "sequence": 9}, {"expires_at": T0 + DAY}),
        ({"expires_at": T0 + DAY}, {"category": PROMOTIONAL}),
        ({"category": PROMOTIONAL, "sequence": 9}, {"category": PAID}),
        ({"sequence": 1}, {"sequence": 2}),
    ],
    ids=["priority", "expiry", "expiring before lasting", "promotional before paid", "age"],
)
def test_grants_are_used_in_one_order(sooner: dict[str, object], later: dict[str, object]) -> None:
    assert lot("a", **sooner).order < lot("b", **later).order


def test_a_grant_is_over_at_its_very_instant_and_not_before() -> None:
    ending = lot("a", expires_at=T0)

    assert not ending.expired(T0 - timedelta(microseconds=1))
    assert ending.expired(T0)
    assert not lot("b").expired(datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("amount", "taken"),
    [
        (0, []),
        (-1, []),
        (4, [("a", 4)]),
        (5, [("a", 5)]),
        (6, [("a", 5), ("c", 1)]),
        (99, [("a", 5), ("c", 7)]),
    ],
)
def test_an_amount_is_taken_from_one_lot_after_another(
    amount: int, taken: list[tuple[str, int]]
) -> None:
    assert take([lot("a", 5), lot("b", 0), lot("c", 7)], amount) == taken


@pytest.mark.parametrize(
    ("amount", "used", "left"),
    [
        (0, [], [("a", 5), ("b", 7)]),
        (4, [("a", 4)], [("a", 1), ("b", 7)]),
        (5, [("a", 5)], [("b", 7)]),
        (8, [("a", 5), ("b", 3)], [("b", 4)]),
        (13, [("a", 5), ("b", 7)], []),
    ],
)
def test_an_allocation_is_cut_after_an_amount(
    amount: int, used: list[tuple[str, int]], left: list[tuple[str, int]]
) -> None:
    assert split([("a", 5), ("b", 7)], amount) == (used, left)


def test_joined_allocations_have_one_entry_a_grant_in_order_of_first_use() -> None:
    joined = merged([("a", 1), ("b", 2)], [("c", 3), ("a", 4)], [])

    assert joined == [("a", 5), ("b", 2), ("c", 3)]
    assert total(joined) == 10
