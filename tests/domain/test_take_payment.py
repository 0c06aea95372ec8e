import pytest

from domain import payment_events as facts, wallet_events
from domain.errors import ConflictError, NotFoundError
from domain.money import NANOS_MAX
from domain.take_payment import MoneyReceived, Payer, take_payment
from tests.domain.payments import PI, PaidShop


def test_a_payment_becomes_a_paid_grant_that_names_it() -> None:
    shop = PaidShop()

    assert shop.pay(100) == "applied"

    (granted,) = shop.facts(wallet_events.Granted)
    assert (granted.amount, granted.category, granted.reference, granted.actor) == (
        100, "paid", "stripe:pi_1", "stripe",
    )  # fmt: skip
    assert granted.grant_id == shop.payment_id.hex == shop.payment.grant_id
    assert shop.wallet.available == 100


def test_a_payment_told_again_is_credited_once() -> None:
    shop = PaidShop()
    shop.pay(100)
    before = len(shop.ledger.facts)

    assert [shop.pay(100) for _ in range(3)] == ["known"] * 3

    assert len(shop.ledger.facts) == before
    assert shop.wallet.available == 100


def test_a_payment_repays_debt_first() -> None:
    shop = PaidShop(funds=100)
    shop.terms(policy="debt")
    held = shop.reserve(0, 50)
    shop.charge(held, {"output": 50, "input": 60})

    shop.pay(100)

    assert (shop.wallet.debt, shop.unused) == (0, 40)


@pytest.mark.parametrize(
    ("payment", "problem"),
    [
        ({"known": False}, "customer_missing"),
        ({"currency": "EUR"}, "currency_mismatch"),
        ({"amount": 0}, "amount_zero"),
        ({"amount": NANOS_MAX}, "amount_out_of_bounds"),
        ({"problem": "unsupported_mode"}, "unsupported_mode"),
    ],
    ids=str,
)
def test_money_that_cannot_be_credited_is_recorded_with_its_problem(
    payment: dict[str, object], problem: str
) -> None:
    shop = PaidShop(funds=1)

    assert shop.pay(**payment) == "unapplied"  # type: ignore[arg-type]

    (received,) = shop.facts(facts.Received)
    assert received.problem == problem
    assert not shop.payment.applied
    assert shop.wallet.available == 1


def test_a_customer_that_is_named_but_not_there_is_unknown() -> None:
    shop = PaidShop()
    money = MoneyReceived(PI, 100, "USD", "cus_typo")

    shop.do(take_payment(shop.payment_id, "stripe", money, None))

    assert shop.payment.problem == "customer_unknown"


def test_a_later_word_that_names_the_customer_applies_what_waited() -> None:
    shop = PaidShop()
    shop.pay(100, known=False)

    assert shop.pay(100) == "applied"
    assert shop.pay(100, known=False) == "known"

    assert shop.wallet.available == 100
    assert shop.payment.problem is None
    assert len(shop.facts(facts.Received)) == 1


@pytest.mark.parametrize("other", [{"amount": 101}, {"currency": "EUR"}, {"known": False}])
def test_a_later_word_that_says_something_else_changes_nothing(other: dict[str, object]) -> None:
    shop = PaidShop()
    shop.pay(100, known=False)

    assert shop.pay(**{"amount": 100, **other}) == "known"  # type: ignore[arg-type]

    assert shop.wallet.available == 0
    assert shop.payment.amount == 100


def test_the_operator_applies_what_waits() -> None:
    shop = PaidShop()
    shop.pay(100, known=False)

    applied = shop.apply()

    assert applied.applied
    assert shop.wallet.available == 100
    (fact,) = shop.facts(facts.Applied)
    assert (fact.actor, fact.customer_id) == ("operator", shop.who.customer_id.hex)


def test_applying_again_to_the_same_customer_changes_nothing() -> None:
    shop = PaidShop()
    shop.pay(100)

    shop.apply()

    assert shop.wallet.available == 100
    assert shop.pay(100) == "known"


def test_what_is_one_customers_is_not_applied_to_another() -> None:
    shop = PaidShop()
    shop.pay(100)
    somebody_else = Payer(shop.mint(), shop.who.wallet_id)

    with pytest.raises(ConflictError, match="another customer"):
        shop.apply(somebody_else)

    assert shop.wallet.available == 100


def test_money_is_applied_in_its_own_currency_only() -> None:
    shop = PaidShop()
    shop.pay(100, currency="EUR")

    with pytest.raises(ConflictError, match="in EUR"):
        shop.apply()


@pytest.mark.parametrize("announced", [True, False], ids=["refund first", "nothing came"])
def test_without_money_there_is_nothing_to_apply(*, announced: bool) -> None:
    shop = PaidShop()
    if announced:
        shop.refund(5)
    else:
        shop.pay(0)

    with pytest.raises(ConflictError, match="No money"):
        shop.apply()


def test_money_beyond_the_bounds_of_a_wallet_is_not_applied() -> None:
    shop = PaidShop(funds=1)
    shop.pay(NANOS_MAX)

    with pytest.raises(ConflictError, match="beyond"):
        shop.apply()


def test_an_unknown_payment_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        PaidShop().apply()


def test_payments_survive_a_replay_and_a_snapshot() -> None:
    shop = PaidShop()
    shop.pay(100)
    shop.refund(30, "re_1")
    shop.question("dispute_lost")
    before = shop.payment.to_state()

    shop.ledger.rebuild()
    assert shop.payment.to_state() == before
    shop.ledger.restart_from_snapshots()
    assert shop.payment.to_state() == before
