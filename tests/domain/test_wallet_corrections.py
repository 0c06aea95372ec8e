"""Corrections: positive ones give back to where the charge was drawn, negative ones take more."""

import pytest

from tests.domain.purse import at, charge, clock, correct, grant, left, opened, reserve


def test_a_correction_gives_back_to_the_last_grant_first() -> None:
    wallet = opened(a=20, b=30)
    charge(wallet, "r", 40)

    corrected = correct(wallet, 25, [("a", 20), ("b", 20)])

    assert corrected.allocations == [("b", 20), ("a", 5)]
    assert (corrected.repaid, corrected.overdraft, corrected.expired) == (0, 0, [])
    assert left(wallet) == {"a": 5, "b": 30}


def test_a_correction_repays_debt_first() -> None:
    wallet = opened(policy="debt", a=20)
    charge(wallet, "r", 50)

    corrected = correct(wallet, 40, [("a", 20)])

    assert (corrected.repaid, corrected.allocations) == (30, [("a", 10)])
    assert (wallet.debt, wallet.available) == (0, 10)


def test_a_correction_within_the_debt_gives_no_credit() -> None:
    wallet = opened(policy="debt", a=20)
    charge(wallet, "r", 50)

    corrected = correct(wallet, 10, [("a", 20)])

    assert (corrected.repaid, corrected.allocations) == (10, [])
    assert (wallet.debt, wallet.available) == (20, -20)


def test_what_an_ended_grant_would_get_back_expires_with_it() -> None:
    wallet = opened(b=30)
    grant(wallet, "a", 20, expires_at=clock(5))
    charge(wallet, "r", 40)

    corrected = correct(wallet, 25, [("b", 20), ("a", 20)], when=at(5))

    assert corrected.expired == [("a", 20)]
    assert corrected.allocations == [("b", 5)]
    assert wallet.available == 15


def test_what_was_charged_to_repaid_debt_comes_back_as_a_lot_of_the_correction() -> None:
    wallet = opened(policy="debt")
    charge(wallet, "r", 30)
    grant(wallet, "a", 50)

    corrected = correct(wallet, 30, [])
    again = correct(wallet, 5, [("x", 5)])

    assert corrected.allocations == [("x", 30)]
    assert again.allocations == [("x", 5)]
    assert left(wallet) == {"a": 20, "x": 35}
    assert wallet.lots["x"].category == "paid"
    assert wallet.lots["x"].expires_at is None


def test_a_negative_correction_takes_credit_and_then_makes_debt() -> None:
    wallet = opened(a=20, b=30)

    corrected = correct(wallet, -70, [])

    assert corrected.allocations == [("a", 20), ("b", 30)]
    assert (corrected.overdraft, wallet.debt, wallet.available) == (20, 20, -20)


def test_a_negative_correction_takes_nothing_from_an_ended_grant() -> None:
    wallet = opened(b=30)
    grant(wallet, "a", 20, expires_at=clock(5))

    corrected = correct(wallet, -10, [], when=at(5))

    assert corrected.allocations == [("b", 10)]
    assert wallet.available == 20


def test_a_negative_correction_leaves_holds_alone() -> None:
    wallet = opened(a=50)
    reserve(wallet, "r", 40)

    correct(wallet, -25, [])

    assert (wallet.reserved, wallet.debt, wallet.available) == (40, 15, -15)
    assert wallet.lots["a"].held == 40


@pytest.mark.parametrize("amount", [1, -1])
def test_a_correction_names_itself_the_call_and_the_actor(amount: int) -> None:
    wallet = opened(a=50)
    charge(wallet, "r", 10)

    corrected = correct(wallet, amount, [("a", 10)])

    assert (corrected.correction_id, corrected.request_id) == ("x", "r")
    assert (corrected.amount, corrected.actor) == (amount, "operator")
