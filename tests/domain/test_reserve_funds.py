"""What a reserve says when the funds are short, and what it lowers when it may."""

import pytest

from domain import errors
from domain.quota import Quota
from domain.quote import Quote
from tests.domain.shop import CARDS, HOLD_FOR, MILLION, Shop


def test_a_call_that_names_its_output_and_does_not_fit_is_told_what_it_can_afford() -> None:
    shop = Shop(funds=49)

    with pytest.raises(errors.InsufficientBalanceError) as refused:
        shop.reserve(tokens=10, cap=20)

    assert refused.value.required == 50
    assert refused.value.available == 49
    assert refused.value.max_affordable_output_tokens == 19


def test_a_call_that_names_no_output_is_clamped_to_what_it_can_afford() -> None:
    shop = Shop(funds=49)

    held = shop.reserve(tokens=10, cap=20, clamps=True)

    assert (held.output_cap, held.amount) == (19, 48)


@pytest.mark.parametrize(("funds", "affordable"), [(9, 0), (10, 0), (11, 0)])
def test_a_call_that_affords_no_output_token_at_all_is_refused(funds: int, affordable: int) -> None:
    shop = Shop(funds=funds)

    with pytest.raises(errors.InsufficientBalanceError) as refused:
        shop.reserve(tokens=10, cap=20, clamps=True)

    assert refused.value.required == 12
    assert refused.value.max_affordable_output_tokens == affordable


def test_a_call_that_affords_one_output_token_is_held() -> None:
    held = Shop(funds=12).reserve(tokens=10, cap=20, clamps=True)

    assert (held.output_cap, held.amount) == (1, 12)


def test_only_other_calls_holds_in_the_way_are_worth_another_try() -> None:
    shop = Shop(funds=100)
    shop.reserve(tokens=0, cap=30)

    with pytest.raises(errors.HoldsInFlightError) as refused:
        shop.reserve(tokens=0, cap=50)

    assert (refused.value.available, refused.value.reserved) == (40, 60)
    with pytest.raises(errors.InsufficientBalanceError):
        shop.reserve(tokens=1, cap=50)


def test_a_hold_that_has_run_out_is_in_nobodys_way() -> None:
    shop = Shop(funds=100)
    shop.reserve(tokens=0, cap=30)
    shop.tick(minutes=10)

    with pytest.raises(errors.InsufficientBalanceError) as refused:
        shop.reserve(tokens=1, cap=50)

    assert (refused.value.available, refused.value.reserved) == (100, 0)
    assert shop.reserve(tokens=0, cap=50).amount == 100


def test_the_overdraft_limit_is_part_of_the_funds() -> None:
    shop = Shop(funds=40)
    shop.terms(limit=10)

    assert shop.reserve(tokens=0, cap=25).amount == 50
    with pytest.raises(errors.InsufficientBalanceError):
        shop.reserve(tokens=51, cap=0)


@pytest.mark.parametrize(
    ("limit", "refusal"),
    [(59, errors.WalletInDebtError), (60, errors.InsufficientBalanceError)],
)
def test_debt_beyond_the_overdraft_limit_is_called_debt(
    limit: int, refusal: type[errors.OutOfFundsError]
) -> None:
    shop = Shop(funds=50)
    shop.terms(policy="debt")
    shop.charge(shop.reserve(), {"input": 110})
    shop.terms(limit=limit)

    with pytest.raises(refusal):
        shop.reserve(tokens=1, cap=0)


def test_debt_that_an_expired_hold_repays_is_no_debt() -> None:
    shop = Shop(funds=100)
    shop.terms(policy="debt")
    late = shop.reserve(tokens=0, cap=25)
    shop.reserve(tokens=0, cap=25, hold_for=HOLD_FOR * 2)
    shop.charge(late, {"input": 60})
    shop.tick(minutes=20)

    with pytest.raises(errors.InsufficientBalanceError) as refused:
        shop.reserve(tokens=41, cap=0)

    assert refused.value.available == 40


def test_the_keys_quota_is_named_when_only_it_is_short() -> None:
    shop = Shop(funds=1000, quota=Quota(49))

    with pytest.raises(errors.KeyQuotaExhaustedError) as refused:
        shop.reserve(tokens=10, cap=20)

    assert refused.value.max_affordable_output_tokens == 19
    assert shop.reserve(tokens=10, cap=20, clamps=True).amount == 48


def test_a_quota_below_zero_affords_nothing() -> None:
    shop = Shop(funds=1000, quota=Quota(50))
    shop.charge(shop.reserve(), {"input": 80})

    with pytest.raises(errors.KeyQuotaExhaustedError) as refused:
        shop.reserve(tokens=0, cap=5, clamps=True)

    assert refused.value.max_affordable_output_tokens == 0


def test_the_wallet_is_named_when_both_are_short() -> None:
    shop = Shop(funds=40, quota=Quota(30))

    with pytest.raises(errors.InsufficientBalanceError):
        shop.reserve(tokens=10, cap=20)


def test_a_hold_of_the_quota_that_has_run_out_counts_no_more() -> None:
    shop = Shop(funds=1000, quota=Quota(50))
    shop.reserve()
    shop.tick(minutes=10)

    assert shop.reserve().amount == 50
    assert shop.key.headroom(shop.ledger.at) == 0


def test_the_fee_of_a_call_is_held() -> None:
    shop = Shop(funds=7, cards={**CARDS, "m": {"request": 7 * MILLION}})

    assert shop.reserve(quote=Quote(0, 0, clamps=False)).amount == 7
