import json

import pytest

from domain import payment_events as facts, wallet_events
from tests.domain.payments import PaidShop


def refunds(shop: PaidShop) -> list[tuple[int, int, int]]:
    return [(f.amount, f.voided, f.shortfall) for f in shop.facts(facts.Refunded)]


def test_a_refund_voids_as_much_unused_credit() -> None:
    shop = PaidShop()
    shop.pay(100)

    shop.refund(30, "re_1")

    assert refunds(shop) == [(30, 30, 0)]
    (voided,) = shop.facts(wallet_events.GrantVoided)
    assert (voided.amount, voided.reason, voided.actor) == (30, "refund", "stripe")
    assert shop.wallet.available == 70


def test_what_was_used_is_the_shortfall() -> None:
    shop = PaidShop()
    shop.pay(100)
    shop.spend(80)

    shop.refund(50, "re_1")

    assert refunds(shop) == [(50, 20, 30)]
    assert shop.wallet.available == 0


def test_what_is_held_is_not_taken() -> None:
    shop = PaidShop()
    shop.pay(100)
    shop.reserve(0, 50)

    shop.refund(100, "re_1")

    assert refunds(shop) == [(100, 0, 100)]
    assert shop.wallet.reserved == 100


def test_refunds_take_only_the_payments_own_credit() -> None:
    shop = PaidShop(funds=500)
    shop.pay(100)

    shop.refund(150, "re_1")

    assert refunds(shop) == [(150, 100, 50)]
    assert shop.wallet.available == 500


def test_each_refund_counts_once_however_it_is_told() -> None:
    shop = PaidShop()
    shop.pay(100)

    for _ in range(2):
        shop.refund(30, "re_1")
        shop.refund(30)
        shop.refund(50)
        shop.refund(20, "re_2")
        shop.refund(30)

    assert sum(amount for amount, _, _ in refunds(shop)) == 50
    assert shop.wallet.available == 50


@pytest.mark.parametrize(
    "told",
    [
        [(30, "re_1"), (20, "re_2"), (50, None)],
        [(50, None), (20, "re_2"), (30, "re_1")],
        [(30, None), (30, "re_1"), (50, None), (20, "re_2")],
        [(30, None), (20, "re_2"), (30, "re_1"), (50, None)],
        [(50, None), (30, None)],
        [(30, "re_1"), (20, "re_2")],
    ],
    ids=str,
)
@pytest.mark.parametrize("paid_after", [0, 1, 2, 9])
def test_the_order_makes_no_difference(told: list[tuple[int, str | None]], paid_after: int) -> None:
    shop = PaidShop()
    for index, (amount, refund_id) in enumerate(told):
        if index == paid_after:
            shop.pay(100)
        shop.refund(amount, refund_id)
    if paid_after >= len(told):
        shop.pay(100)

    assert (shop.payment.refunded, shop.payment.voided, shop.payment.shortfall) == (50, 50, 0)
    assert shop.wallet.available == 50


def test_a_refund_of_money_that_waits_is_settled_when_it_is_applied() -> None:
    shop = PaidShop()
    shop.pay(100, known=False)
    shop.refund(100, "re_1")
    assert refunds(shop) == [(100, 0, 0)]

    shop.apply()

    assert refunds(shop)[1:] == [(0, 100, 0)]
    assert shop.wallet.available == 0


def test_a_refund_that_does_not_know_of_the_grant_yet_changes_nothing() -> None:
    shop = PaidShop()
    shop.pay(100)
    before = len(shop.ledger.facts)

    assert not shop.refund(30, "re_1", knows=False)
    assert len(shop.ledger.facts) == before

    assert shop.refund(30, "re_1")


def test_a_refund_in_another_currency_is_a_question() -> None:
    shop = PaidShop()
    shop.pay(100)

    shop.refund(30, "re_1", currency="EUR")
    shop.refund(30, currency="EUR")

    asked = [(q.code, q.item, q.currency) for q in shop.facts(facts.Questioned)]
    assert asked == [("refund_currency", "re_1", "EUR"), ("refund_currency", "sum", "EUR")]
    assert shop.wallet.available == 100


def test_an_early_refund_in_another_currency_is_a_question_once_there_is_credit() -> None:
    shop = PaidShop()
    shop.refund(30, "re_1", currency="EUR")

    shop.pay(100)

    assert [q.code for q in shop.facts(facts.Questioned)] == ["refund_currency"]
    assert shop.wallet.available == 100


def test_a_failed_refund_is_a_question_and_counts_no_more() -> None:
    shop = PaidShop()
    shop.pay(100)
    shop.refund(40, "re_1")

    shop.question("refund_failed", "re_1", 40)
    shop.refund(40, "re_1")
    shop.refund(40, "re_2")

    assert (shop.payment.refunded, shop.payment.voided) == (40, 40)
    assert shop.wallet.available == 60


def test_a_refund_that_failed_before_it_was_told_of_takes_nothing() -> None:
    shop = PaidShop()
    shop.pay(100)
    shop.question("refund_failed", "re_1", 40)

    shop.refund(40, "re_1")

    assert shop.wallet.available == 100


@pytest.mark.parametrize("failed_after", [0, 1, 2, 3])
def test_a_refund_that_failed_leaves_the_sum_too(failed_after: int) -> None:
    told: list[tuple[int, str | None]] = [(40, "re_1"), (40, None), (60, None)]
    shop = PaidShop()
    shop.pay(100)
    for index, (amount, refund_id) in enumerate(told):
        if index == failed_after:
            shop.question("refund_failed", "re_1", 40)
        shop.refund(amount, refund_id)
    if failed_after == len(told):
        shop.question("refund_failed", "re_1", 40)
    shop.question("refund_failed", "re_1", 40)
    assert shop.payment.refunded == 20

    shop.refund(20, "re_2")
    shop.refund(50, "re_3")

    assert shop.payment.refunded == 70


def test_a_payment_knows_from_its_snapshot_what_went_back_and_what_failed() -> None:
    shop = PaidShop()
    shop.pay(100)
    shop.refund(70)
    shop.refund(40, "re_1")
    shop.question("refund_failed", "re_1", 40)
    restored = PaidShop()
    restored.pay(100)
    payment = restored.payment

    payment.restore(json.loads(json.dumps(shop.payment.to_state())))

    assert payment.refunds == shop.payment.refunds
    assert payment.refunded == 30
    assert not payment.refunds.is_news("re_1", 40)


def test_a_refund_in_another_currency_that_failed_was_never_in_the_sum() -> None:
    shop = PaidShop()
    shop.pay(100, currency="USD")
    shop.refund(60)

    shop.question("refund_failed", "re_1", 40, currency="EUR")

    assert shop.payment.refunded == 60


def test_a_dispute_is_a_question_asked_once_and_moves_nothing() -> None:
    shop = PaidShop()
    shop.question("dispute_needs_response")
    shop.pay(100)

    for _ in range(2):
        shop.question("dispute_needs_response")
        shop.question("dispute_lost")

    codes = [q.code for q in shop.facts(facts.Questioned)]
    assert codes == ["dispute_needs_response", "dispute_lost"]
    assert shop.wallet.available == 100
