from datetime import timedelta

import pytest

from domain.check_funds import Funds, check_amount, check_call
from domain.errors import ModelNotFoundError
from domain.quote import Quote
from tests.domain.shop import Shop


def check(shop: Shop, amount: int) -> Funds:
    before = len(shop.ledger.facts)
    funds = shop.do(check_amount(shop.who.wallet_id, amount))
    assert len(shop.ledger.facts) == before, "looking leaves no fact"
    return funds


@pytest.mark.parametrize(
    ("amount", "shortfall", "refusal"),
    [(0, 0, None), (100, 0, None), (101, 1, "insufficient_balance")],
)
def test_what_fits_is_what_is_available(amount: int, shortfall: int, refusal: str | None) -> None:
    assert check(Shop(funds=100), amount) == Funds(amount, 100, shortfall, "USD", refusal)


def test_the_overdraft_counts() -> None:
    shop = Shop(funds=100)
    shop.terms(limit=50)

    assert check(shop, 150).refusal is None
    assert check(shop, 151).shortfall == 1


def test_open_holds_are_named_as_the_reason() -> None:
    shop = Shop(funds=100)
    shop.reserve(0, 40)

    assert (check(shop, 30).refusal, check(shop, 101).refusal) == (
        "holds_in_flight", "insufficient_balance",
    )  # fmt: skip


def test_holds_that_have_run_out_count_no_more() -> None:
    shop = Shop(funds=100)
    shop.reserve(0, 40, hold_for=timedelta(seconds=1))
    shop.tick(seconds=2)

    assert check(shop, 100).refusal is None


def test_a_frozen_wallet_covers_nothing() -> None:
    shop = Shop(funds=100)
    shop.freeze()

    assert (check(shop, 1).refusal, check(shop, 1).shortfall) == ("wallet_frozen", 0)


def test_a_wallet_in_debt_says_so() -> None:
    shop = Shop(funds=100)
    shop.terms(policy="debt")
    shop.charge(shop.reserve(0, 50), {"output": 50, "input": 60})

    assert check(shop, 1) == Funds(1, -60, 61, "USD", "wallet_in_debt")


@pytest.mark.parametrize("cap", [1, 45, 46, 400])
def test_a_call_is_covered_if_and_only_if_its_hold_is_accepted(cap: int) -> None:
    shop = Shop(funds=100)
    funds = shop.do(check_call(shop.who.wallet_id, "m", Quote(10, cap, clamps=False)))

    assert funds.required == 10 + 2 * cap
    assert (funds.refusal is None) == (10 + 2 * cap <= 100)
    if funds.refusal is None:
        assert shop.reserve(10, cap).amount == funds.required


def test_a_model_without_a_price_is_not_found() -> None:
    shop = Shop(funds=100)

    with pytest.raises(ModelNotFoundError):
        shop.do(check_call(shop.who.wallet_id, "unknown", Quote(10, 10, clamps=False)))


def test_without_prices_there_is_no_model() -> None:
    shop = Shop(funds=100)
    del shop.ledger._held[shop.book.id]

    with pytest.raises(ModelNotFoundError):
        shop.do(check_call(shop.who.wallet_id, "m", Quote(10, 10, clamps=False)))
