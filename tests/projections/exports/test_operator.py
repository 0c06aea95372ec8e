"""Money that is no customer's: suppliers' bills, and payments from arrival to refund."""

from collections import Counter
from datetime import timedelta

import pytest

from domain.payment import REFUND_FAILED
from domain.settle_call import Attempt, Outcome
from projections.exports.journal.entries import Entry
from tests.domain.payments import PI, PaidShop
from tests.projections.exports.told import entries_of

CASH, CLEARING = "Assets:Cash:Stripe", "Liabilities:Payments:Stripe"
SHORT = "Expenses:RefundShortfall"


def booked(shop: PaidShop, month: str | None = None) -> list[Entry]:
    entries = entries_of(shop.ledger.facts, month)
    return [entry for entry in entries if isinstance(entry, Entry) and entry.postings]


def told(shop: PaidShop) -> list[tuple[str, dict[str, int]]]:
    """What is booked, with the wallet's accounts by their last word."""
    return [
        (entry.what, {_short(name): nanos for name, nanos in entry.postings})
        for entry in booked(shop)
    ]


def _short(account: str) -> str:
    return account.rpartition(":")[2] if account.startswith("Liabilities:Wallet") else account


def clearing(shop: PaidShop) -> int:
    """What is nobody's credit: a liability, so it is below zero."""
    sums: Counter[str] = Counter()
    for entry in booked(shop):
        sums.update(dict(entry.postings))
    return sums[CLEARING]


@pytest.fixture
def shop() -> PaidShop:
    return PaidShop()


def test_a_payment_passes_its_clearing_account_into_the_wallet(shop: PaidShop) -> None:
    shop.pay(100)

    assert told(shop) == [
        ("payment received", {CASH: 100, CLEARING: -100}),
        ("grant", {"Paid": -100, CLEARING: 100}),
    ]


def test_money_that_waits_for_the_operator_is_owed_to_nobody_known(shop: PaidShop) -> None:
    shop.pay(100, known=False)

    assert told(shop) == [("payment received", {CASH: 100, CLEARING: -100})]


def test_a_refund_takes_unused_credit_and_cash(shop: PaidShop) -> None:
    shop.pay(100)
    shop.refund(40, "re_1")

    assert told(shop)[2:] == [
        ("payment refunded", {CLEARING: 40, CASH: -40}),
        ("grant voided", {"Paid": 40, CLEARING: -40}),
    ]
    assert clearing(shop) == 0


def test_a_refund_of_used_credit_is_an_expense(shop: PaidShop) -> None:
    shop.pay(100)
    shop.spend(80)
    shop.refund(100, "re_1")

    entries = dict(told(shop))
    assert entries["payment refunded"] == {CLEARING: 20, SHORT: 80, CASH: -100}
    assert entries["grant voided"] == {"Paid": 20, CLEARING: -20}
    assert clearing(shop) == 0


def test_a_refund_before_there_was_credit_is_settled_when_there_is(shop: PaidShop) -> None:
    shop.pay(100, known=False)
    shop.refund(30, "re_1")
    shop.apply()

    assert clearing(shop) == 0


def test_a_refund_that_failed_brings_the_money_back_to_nobody(shop: PaidShop) -> None:
    shop.pay(100)
    shop.refund(40, "re_1")
    shop.question(REFUND_FAILED, "re_1", 40)

    assert told(shop)[-1] == ("refund failed", {CASH: 40, CLEARING: -40})
    assert clearing(shop) == -40


def test_a_refund_that_failed_comes_back_though_a_sum_was_told_too(shop: PaidShop) -> None:
    shop.pay(100)
    shop.refund(40)
    shop.refund(40, "re_1")
    shop.question(REFUND_FAILED, "re_1", 40)

    assert told(shop)[-1] == ("refund failed", {CASH: 40, CLEARING: -40})


def test_a_refund_that_failed_before_it_was_told_moves_nothing(shop: PaidShop) -> None:
    shop.pay(100)
    shop.question(REFUND_FAILED, "re_1", 40)
    shop.refund(40, "re_1")
    shop.question("dispute", "dp_1", 100)

    assert [what for what, _ in told(shop)] == ["payment received", "grant"]


def test_sums_of_refunds_and_single_ones_are_never_booked_twice(shop: PaidShop) -> None:
    shop.pay(100)
    shop.refund(30, "re_1")
    shop.refund(30)
    shop.refund(50)
    shop.question(REFUND_FAILED, "re_1", 30)
    shop.refund(20, "re_2")

    cash = sum(dict(entry.postings).get(CASH, 0) for entry in booked(shop))
    assert cash == 100 - shop.payment.refunded


def test_a_grant_of_the_operators_own_is_none_of_a_provider(shop: PaidShop) -> None:
    shop.grant(100, reference=f"stripe:{PI}")

    assert told(shop) == [("grant", {"Paid": -100, "Assets:Cash:Operator": 100})]


def test_supplier_cost_is_booked_on_the_day_of_utc_it_was_made(shop: PaidShop) -> None:
    shop.grant(1_000)
    held = shop.reserve()
    shop.now = shop.now.replace(day=30, hour=23)
    shop.tick(hours=2)
    attempts = (
        Attempt("north.eu", "up", "timeout", None, "USD", 5),
        Attempt("south", "up", "ok", 7, "EUR", 9),
    )
    shop.settle(held, Outcome(1, reason="upstream_error"), attempts=attempts)

    (entry,) = booked(shop)[1:]
    assert (entry.what, f"{entry.day}", entry.currency) == ("upstream cost", "2026-12-01", "EUR")
    assert dict(entry.postings) == {"Expenses:Upstream:South": 7, "Liabilities:Payable:South": -7}
    assert entry.request["model"] == "m"


def test_a_month_of_the_journal_has_its_own_money_only(shop: PaidShop) -> None:
    shop.pay(100)
    shop.now += timedelta(days=30)
    shop.pay(200, reference="pi_2")

    months = {month: booked(shop, month) for month in ("2026-11", "2026-12")}
    assert [e.what for e in months["2026-11"]] == ["payment received", "grant"]
    assert [e.what for e in months["2026-12"]] == ["payment received", "grant", "opening"]
