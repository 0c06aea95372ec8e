"""How a charge ends a hold, and what happens to what the hold does not cover."""

import pytest

from domain import wallet_events as events
from tests.domain.purse import (
    at,
    charge,
    clock,
    facts,
    grant,
    left,
    opened,
    release,
    reserve,
)


def test_a_charge_takes_its_part_of_the_hold_and_returns_the_rest() -> None:
    wallet = opened(a=20, b=80)
    reserve(wallet, "r", 50)

    charged = charge(wallet, "r", 25)

    assert (charged.held, charged.amount, charged.absorbed) == (50, 25, 0)
    assert charged.allocations == [("a", 20), ("b", 5)]
    assert charged.returned == [("b", 25)]
    assert (wallet.available, wallet.reserved) == (75, 0)
    assert left(wallet) == {"a": 0, "b": 75}


def test_a_charge_of_nothing_returns_the_whole_hold() -> None:
    wallet = opened(a=20)
    reserve(wallet, "r", 20)

    charged = charge(wallet, "r", 0)

    assert (charged.amount, charged.allocations) == (0, [])
    assert wallet.available == 20


def test_a_charge_beyond_the_hold_takes_available_credit() -> None:
    wallet = opened(a=60, b=40)
    reserve(wallet, "r", 50)

    charged = charge(wallet, "r", 70)

    assert (charged.amount, charged.absorbed, charged.overdraft) == (70, 0, 0)
    assert charged.allocations == [("a", 60), ("b", 10)]
    assert left(wallet) == {"a": 0, "b": 30}


def test_a_charge_never_takes_what_other_calls_hold() -> None:
    wallet = opened(a=100)
    reserve(wallet, "r", 40)
    reserve(wallet, "s", 60)

    charged = charge(wallet, "r", 70)

    assert (charged.amount, charged.absorbed) == (40, 30)
    assert (wallet.available, wallet.reserved) == (0, 60)


def test_beyond_credit_a_charge_takes_the_overdraft_and_then_is_absorbed() -> None:
    wallet = opened(limit=15, a=50)
    reserve(wallet, "r", 40)

    charged = charge(wallet, "r", 100)

    assert (charged.amount, charged.overdraft, charged.absorbed) == (65, 15, 35)
    assert (wallet.debt, wallet.available) == (15, -15)


def test_by_the_debt_policy_nothing_is_absorbed() -> None:
    wallet = opened(limit=15, policy="debt", a=50)
    reserve(wallet, "r", 40)

    charged = charge(wallet, "r", 100)

    assert (charged.amount, charged.overdraft, charged.absorbed) == (100, 50, 0)
    assert (wallet.debt, wallet.headroom(at(0))) == (50, -35)


def test_a_holds_own_overdraft_is_charged_even_when_the_limit_is_gone() -> None:
    wallet = opened(limit=30, a=50)
    reserve(wallet, "r", 80)
    wallet.change_overdraft_limit(at(0), limit=0, actor="operator")

    charged = charge(wallet, "r", 90)

    assert (charged.amount, charged.overdraft, charged.absorbed) == (80, 30, 10)
    assert (wallet.debt, wallet.overdraft_held) == (30, 0)


def test_the_overdraft_that_other_calls_hold_is_not_taken() -> None:
    wallet = opened(limit=30, a=10)
    reserve(wallet, "r", 10)
    reserve(wallet, "s", 20)

    charged = charge(wallet, "r", 99)

    assert (charged.amount, charged.overdraft) == (20, 10)
    assert wallet.available == -30


def test_debt_counts_against_the_overdraft() -> None:
    wallet = opened(limit=30)
    charge(wallet, "late", 25)

    charged = charge(wallet, "later", 25)

    assert (charged.overdraft, charged.absorbed, wallet.debt) == (5, 20, 30)


def test_a_late_charge_takes_available_credit_as_any_other_excess() -> None:
    wallet = opened(a=30)
    reserve(wallet, "r", 20, ends=clock(5))
    wallet.expire(at(5))

    charged = charge(wallet, "r", 40, when=at(6))

    assert (charged.held, charged.amount, charged.absorbed) == (0, 30, 10)
    assert (charged.returned, charged.repaid, charged.expired) == ([], [], [])
    assert wallet.available == 0


def test_a_charge_takes_from_its_hold_even_when_the_grant_has_ended_meanwhile() -> None:
    wallet = opened(b=10)
    grant(wallet, "a", 50, expires_at=clock(5))
    reserve(wallet, "r", 40)

    charged = charge(wallet, "r", 30, when=at(5))

    assert charged.allocations == [("a", 30)]
    assert (charged.returned, charged.expired) == ([], [("a", 10)])
    assert [fact.amount for fact in facts(wallet, events.GrantExpired)] == [10]
    assert wallet.available == 10


def test_a_charge_beyond_its_hold_never_takes_from_an_ended_grant() -> None:
    wallet = opened(b=10)
    grant(wallet, "a", 50, expires_at=clock(5))
    reserve(wallet, "r", 40)

    charged = charge(wallet, "r", 60, when=at(5))

    assert charged.allocations == [("a", 40), ("b", 10)]
    assert charged.absorbed == 10


def test_a_grant_repays_debt_first() -> None:
    wallet = opened(policy="debt")
    charge(wallet, "late", 30)

    grant(wallet, "a", 20)
    grant(wallet, "b", 20)

    assert [fact.repaid for fact in facts(wallet, events.Granted)] == [20, 10]
    assert (wallet.debt, wallet.available) == (0, 10)
    assert left(wallet) == {"a": 0, "b": 10}


@pytest.mark.parametrize("how", ["charge", "release", "expiry"])
def test_what_an_ended_hold_gives_back_repays_debt_first(how: str) -> None:
    wallet = opened(policy="debt", a=40, b=10)
    reserve(wallet, "r", 50, ends=clock(5))
    charge(wallet, "late", 15)

    {
        "charge": lambda: charge(wallet, "r", 10),
        "release": lambda: release(wallet, "r"),
        "expiry": lambda: wallet.expire(at(5)),
    }[how]()

    assert wallet.pending_events[-1].repaid == [("a", 15)]
    assert wallet.debt == 0
    assert wallet.available == {"charge": 25, "release": 35, "expiry": 35}[how]


def test_debt_is_not_repaid_by_what_expires() -> None:
    wallet = opened(policy="debt")
    grant(wallet, "a", 50, expires_at=clock(5))
    reserve(wallet, "r", 50)
    charge(wallet, "late", 15)

    release(wallet, "r", when=at(5))

    (released,) = facts(wallet, events.Released)
    assert (released.repaid, released.expired) == ([], [("a", 50)])
    assert wallet.debt == 15


def test_several_holds_of_nothing_end_one_by_one() -> None:
    wallet = opened()
    for name in "abc":
        reserve(wallet, name, 0)

    for name in "abc":
        charge(wallet, name, 0)

    assert (wallet.holds, wallet.reserved) == ({}, 0)
