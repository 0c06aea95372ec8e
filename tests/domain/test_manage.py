from datetime import timedelta

import pytest

from domain import api_key_events, wallet_events
from domain.correct_call import NewCorrection, correct_call
from domain.credential import Credential
from domain.customer import Customer
from domain.errors import (
    ApiKeyDisabledError,
    ConflictError,
    IdempotencyKeyReusedError,
    NotFoundError,
    UnpricedCurrencyError,
    WalletFrozenError,
)
from domain.idempotency import Idempotency
from domain.inference_request import Corrected
from domain.manage import (
    NewCustomer,
    NewGrant,
    change_terms,
    create_key,
    disable_key,
    freeze_wallet,
    grant_credit,
    register_customer,
    void_grant,
)
from domain.money import NANOS_MAX
from domain.price_book import Published, Started
from domain.quota import Quota
from domain.reserve_call import Claim
from tests.domain.shop import CARDS, T0, Shop


def claim_of(key: str, body: str = "body") -> Claim:
    return Claim(Idempotency.id_of(0, scope="admin", route="grants", key=key), body)


def test_prices_are_published_once_until_they_change() -> None:
    shop = Shop()

    versions = [shop.publish(cards) for cards in (CARDS, {"m": {}}, {"m": {}}, CARDS)]

    assert versions[0] == versions[3]
    assert versions[1] == versions[2]
    assert len(shop.facts(Published)) == 3
    assert len(shop.facts(Started)) == 1
    assert shop.book.version_at(T0) == versions[0]


def test_a_price_list_never_changes_its_currency() -> None:
    shop = Shop()

    with pytest.raises(ConflictError, match="is in USD and cannot change to EUR"):
        shop.publish(CARDS, currency="EUR")


def test_a_customer_is_registered_with_an_empty_wallet() -> None:
    shop = Shop()

    customer = shop.ledger.look(Customer, shop.who.customer_id)

    assert customer.wallet_id == shop.who.wallet_id.hex
    assert (customer.currency, customer.name_hash) == ("USD", "hash")
    assert shop.wallet.customer_id == shop.who.customer_id.hex
    assert (shop.wallet.currency, shop.wallet.available) == ("USD", 0)


def test_a_customer_in_a_currency_without_prices_is_refused() -> None:
    shop = Shop()
    new = NewCustomer(shop.mint(), shop.mint(), "EUR", "hash", "operator")

    with pytest.raises(UnpricedCurrencyError, match="EUR"):
        shop.do(register_customer(new))

    shop.ledger._held.clear()
    with pytest.raises(UnpricedCurrencyError, match="USD"):
        shop.do(register_customer(NewCustomer(shop.mint(), shop.mint(), "USD", "h", "operator")))


def test_a_grant_is_recorded_as_it_was_asked_for() -> None:
    shop = Shop()
    ends = T0 + timedelta(days=1)

    grant_id = shop.grant(
        70, category="promotional", priority=3, expires_at=ends, reference="invoice 1"
    )

    (fact,) = shop.facts(wallet_events.Granted)
    assert (fact.grant_id, fact.amount, fact.category) == (grant_id, 70, "promotional")
    assert (fact.priority, fact.expires_at, fact.reference) == (3, ends, "invoice 1")
    assert fact.actor == "operator"


def test_a_grant_that_would_be_over_before_it_began_is_refused() -> None:
    shop = Shop()

    with pytest.raises(ConflictError, match="would have expired before it began"):
        shop.grant(70, expires_at=T0)

    shop.grant(70, expires_at=T0 + timedelta(microseconds=1))
    assert shop.wallet.available == 70


def test_a_grant_is_made_once_per_idempotency_key() -> None:
    shop = Shop()

    granted = [shop.grant(70, claim_of(key)) for key in ("a", "a", "b")]

    assert granted[0] == granted[1] != granted[2]
    assert shop.wallet.available == 140
    with pytest.raises(IdempotencyKeyReusedError):
        shop.grant(70, claim_of("a", "other body"))


def test_a_wallet_never_holds_more_than_a_ledger_figure_can() -> None:
    shop = Shop(funds=NANOS_MAX)

    with pytest.raises(ConflictError):
        shop.grant(1)

    assert shop.wallet.available == NANOS_MAX


def test_voiding_says_how_much_was_taken_back() -> None:
    shop = Shop()
    grant_id = shop.grant(70)
    shop.reserve(tokens=50, cap=0)

    voided = shop.do(void_grant(shop.who.wallet_id, grant_id, reason="fraud", actor="operator"))

    (fact,) = shop.facts(wallet_events.GrantVoided)
    assert voided == fact.amount == 20
    assert (fact.grant_id, fact.reason, fact.actor) == (grant_id, "fraud", "operator")


def test_a_key_is_created_with_a_credential_that_opens_it() -> None:
    shop = Shop(quota=Quota(9, "month"), allowed_models=["m"], allowed_providers=["p"])

    (fact,) = shop.facts(api_key_events.Created)
    credential = shop.ledger.look(Credential, shop.who.credential_id)
    assert (fact.quota_amount, fact.quota_window, fact.name_hash) == (9, "month", "hash")
    assert (fact.allowed_models, fact.allowed_providers) == (["m"], ["p"])
    assert (fact.wallet_id, fact.customer_id) == (credential.wallet_id, credential.customer_id)
    assert credential.key_id == shop.who.key_id.hex
    assert credential.display == "tb_1234"


def test_a_disabled_key_makes_no_call() -> None:
    shop = Shop(funds=100)

    shop.do(disable_key(shop.who.key_id, actor="operator"))

    with pytest.raises(ApiKeyDisabledError):
        shop.reserve()


def test_a_frozen_wallet_makes_no_call_and_settles_what_is_in_flight() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()

    shop.freeze()

    with pytest.raises(WalletFrozenError):
        shop.reserve()
    assert shop.charge(held, {"input": 10}).amount == 10

    shop.freeze(frozen=False)

    assert shop.reserve().amount == 50


def test_terms_change_one_by_one() -> None:
    shop = Shop()

    for limit, policy in ((5, None), (None, "debt"), (None, None)):
        shop.terms(limit=limit, policy=policy)

    assert (shop.wallet.overdraft_limit, shop.wallet.excess_policy) == (5, "debt")
    assert len(shop.facts(wallet_events.OverdraftLimitChanged)) == 1
    assert len(shop.facts(wallet_events.ExcessPolicyChanged)) == 1


def test_a_correction_is_booked_on_the_wallet_on_the_key_and_for_the_request() -> None:
    shop = Shop(funds=100, quota=Quota(90))
    held = shop.reserve()
    shop.charge(held, {"input": 50})

    correction_id = shop.correct(held, 20)

    (corrected,) = shop.facts(Corrected)
    (booked,) = shop.facts(wallet_events.Corrected)
    assert (corrected.correction_id, corrected.amount, corrected.total) == (correction_id, 20, 30)
    assert (corrected.reason_hash, corrected.actor) == ("hash", "operator")
    assert (booked.correction_id, booked.request_id) == (correction_id, held.request_id.hex)
    assert (shop.wallet.available, shop.key.spent) == (70, {"all": 30})
    assert shop.request(held).total == 30


def test_a_correction_is_made_once_per_idempotency_key() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    shop.charge(held, {"input": 50})

    corrections = [shop.correct(held, 20, claim_of("a")) for _ in range(2)]

    assert corrections[0] == corrections[1]
    assert shop.request(held).total == 30
    with pytest.raises(IdempotencyKeyReusedError):
        shop.correct(held, 20, claim_of("a", "other body"))


@pytest.mark.parametrize("amount", [51, 0])
def test_a_correction_that_gives_back_too_much_or_nothing_is_refused(amount: int) -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    shop.charge(held, {"input": 50})
    before = len(shop.ledger.facts)

    with pytest.raises(ConflictError):
        shop.correct(held, amount)

    assert len(shop.ledger.facts) == before


def test_an_open_call_cannot_be_corrected() -> None:
    shop = Shop(funds=100)

    with pytest.raises(ConflictError, match="The request is reserved"):
        shop.correct(shop.reserve(), 1)


def test_what_went_back_to_an_ended_grant_does_not_go_back_to_it_again() -> None:
    shop = Shop()
    shop.grant(30, expires_at=T0 + timedelta(days=2), priority=1)
    lasting = shop.grant(30, priority=0)
    held = shop.reserve(tokens=60, cap=0)
    shop.charge(held, {"input": 60})
    shop.tick(days=2)

    for _ in range(2):
        shop.correct(held, 30)

    assert [fact.expired != [] for fact in shop.facts(wallet_events.Corrected)] == [True, False]
    assert shop.left(lasting) == 30
    assert shop.request(held).total == 0


def test_a_call_is_corrected_in_full_whatever_repaid_what_it_owed() -> None:
    shop = Shop(funds=40)
    shop.terms(policy="debt")
    held = shop.reserve(tokens=40, cap=0)
    shop.charge(held, {"input": 100})
    shop.grant(100)

    for amount in (30, 30, 40):
        shop.correct(held, amount)

    assert shop.wallet.available == 140
    assert (shop.wallet.debt, shop.request(held).total) == (0, 0)


@pytest.mark.parametrize("command", ["grant", "void", "freeze", "terms", "key", "disable"])
def test_what_is_missing_is_named(command: str) -> None:
    shop = Shop()
    nobody, wallet_id = shop.mint(), shop.who.wallet_id
    commands = {
        "grant": grant_credit(nobody, NewGrant(shop.mint(), 1, "paid", "operator")),
        "void": void_grant(nobody, "g", reason="fraud", actor="operator"),
        "freeze": freeze_wallet(nobody, frozen=True, actor="operator"),
        "terms": change_terms(nobody, overdraft_limit=1, excess_policy=None, actor="operator"),
        "key": create_key(nobody, wallet_id, shop.new_key(key_id=shop.mint())),
        "disable": disable_key(nobody, actor="operator"),
    }

    with pytest.raises(NotFoundError, match=r"No such (customer|key)"):
        shop.do(commands[command])


@pytest.mark.parametrize("what", ["request", "wallet", "key"])
def test_what_a_correction_needs_is_named(what: str) -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    shop.charge(held, {"input": 50})
    new = NewCorrection(shop.mint(), 1, "hash", "operator")
    command = correct_call(shop.request(held), new)
    missing = {
        "request": held.request_id,
        "wallet": shop.who.wallet_id,
        "key": shop.who.key_id,
    }
    shop.ledger._held.pop(missing[what])

    with pytest.raises(NotFoundError, match=f"No such {what}"):
        shop.do(command)
