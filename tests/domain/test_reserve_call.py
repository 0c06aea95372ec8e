import pytest

from domain import errors, ids
from domain.idempotency import Claimed, Idempotency
from domain.inference_request import Reserved
from domain.manage import disable_key
from domain.quota import Quota
from domain.reserve_call import Claim, Identity
from tests.domain.shop import HOLD_FOR, MILLION, T0, Shop


def claim_of(key: str, body: str = "body") -> Claim:
    return Claim(Idempotency.id_of(0, scope="k", route="chat", key=key), body)


def test_a_call_is_held_on_the_wallet_on_the_key_and_for_the_request() -> None:
    shop = Shop(funds=1000, quota=Quota(500))

    held = shop.reserve(tokens=10, cap=20)

    assert (held.amount, held.output_cap, held.currency) == (50, 20, "USD")
    assert held.expires_at == T0 + HOLD_FOR
    assert (shop.wallet.available, shop.wallet.reserved) == (950, 50)
    assert shop.key.held == {"all": 50}
    assert shop.request(held).hold == 50
    assert shop.wallet.holds[held.request_id.hex].expires_at == held.expires_at
    assert shop.key.holds[held.request_id.hex].expires_at == held.expires_at


def test_the_request_remembers_what_it_was_held_for() -> None:
    shop = Shop(funds=1000, quota=Quota(500, "day"))

    held = shop.reserve(tokens=10, cap=20, choices=2, client_request_id="mine")

    (fact,) = shop.facts(Reserved)
    assert (fact.amount, fact.input_tokens, fact.output_cap, fact.choices) == (90, 10, 20, 2)
    assert (fact.window, fact.price_version) == ("2026-11-20", held.price_version)
    assert (fact.model, fact.surface, fact.client_request_id) == ("m", "chat", "mine")
    assert fact.wallet_id == shop.who.wallet_id.hex


def test_a_zero_priced_model_is_callable_without_funds_and_in_debt() -> None:
    shop = Shop()
    shop.terms(policy="debt")
    shop.charge(shop.reserve(model="free"), {})
    late = Shop(funds=50)
    late.terms(policy="debt")
    late.charge(late.reserve(), {"input": 9999})

    held = [shop.reserve(model="free"), late.reserve(model="free")]

    assert late.wallet.debt > 0
    assert [one.amount for one in held] == [0, 0]


@pytest.mark.parametrize("model", ["unknown", "M", ""])
def test_an_unpriced_model_is_not_callable(model: str) -> None:
    shop = Shop(funds=1000)

    with pytest.raises(errors.ModelNotFoundError):
        shop.reserve(model=model)


def test_without_any_price_list_no_model_is_callable() -> None:
    shop = Shop(funds=1000)
    shop.ledger._held.pop(ids.price_book_id(0))

    with pytest.raises(errors.ModelNotFoundError):
        shop.reserve()


def test_a_price_list_in_another_currency_prices_nothing() -> None:
    shop = Shop(funds=1000)
    shop.book.currency = "EUR"

    with pytest.raises(errors.ModelNotFoundError):
        shop.reserve()


def test_an_empty_price_list_prices_nothing() -> None:
    shop = Shop(funds=1000)
    shop.book.schedule.clear()

    with pytest.raises(errors.ModelNotFoundError):
        shop.reserve()


def test_a_call_is_priced_by_the_version_in_force() -> None:
    shop = Shop(funds=1000)
    first = shop.reserve()

    version = shop.publish({"m": {"input": 2 * MILLION, "output": 3 * MILLION}})
    second = shop.reserve()

    assert (first.amount, second.amount) == (50, 80)
    assert first.price_version != second.price_version == version


def test_an_unknown_credential_or_key_opens_nothing() -> None:
    shop = Shop(funds=1000)
    who = shop.who

    for broken in (
        Identity(shop.mint(), who.key_id, who.wallet_id, who.customer_id),
        Identity(who.credential_id, shop.mint(), who.wallet_id, who.customer_id),
    ):
        with pytest.raises(errors.InvalidApiKeyError):
            shop.reserve(identity=broken)


def test_an_unknown_wallet_is_named() -> None:
    shop = Shop(funds=1000)
    who = shop.who

    with pytest.raises(errors.NotFoundError, match="wallet"):
        shop.reserve(identity=Identity(who.credential_id, who.key_id, shop.mint(), who.customer_id))


def test_a_revoked_credential_a_disabled_key_and_a_missing_permission_open_nothing() -> None:
    revoked, disabled = Shop(funds=1000), Shop(funds=1000)
    reader = Shop(funds=1000, permissions=["manage"])
    credential = revoked.ledger._held[revoked.who.credential_id]
    credential.revoke(revoked.ledger.at, actor="operator")  # type: ignore[attr-defined]
    credential.collect_events()
    disabled.do(disable_key(disabled.who.key_id, actor="operator"))

    for shop, refusal in (
        (revoked, errors.InvalidApiKeyError),
        (disabled, errors.ApiKeyDisabledError),
        (reader, errors.PermissionDeniedError),
    ):
        with pytest.raises(refusal):
            shop.reserve()


def test_the_scope_of_the_key_narrows_the_providers() -> None:
    shop = Shop(funds=1000, allowed_models=["m"], allowed_providers=["q"])

    held = shop.reserve()

    (kept,) = held.kept
    assert [route.provider for route in kept.candidate.routes] == ["q"]
    with pytest.raises(errors.ModelNotAllowedError):
        shop.reserve(model="free")


def test_a_frozen_wallet_holds_nothing() -> None:
    shop = Shop(funds=1000)
    shop.freeze()

    with pytest.raises(errors.WalletFrozenError):
        shop.reserve(model="free")


def test_a_used_idempotency_key_names_the_call_that_used_it() -> None:
    shop = Shop(funds=1000)
    held = shop.reserve(claim=claim_of("a"))

    with pytest.raises(errors.IdempotencyInProgressError) as refused:
        shop.reserve(claim=claim_of("a"))
    with pytest.raises(errors.IdempotencyKeyReusedError):
        shop.reserve(claim=claim_of("a", "other body"))

    assert refused.value.request_id == ids.public(ids.REQUEST, held.request_id)
    assert shop.reserve(claim=claim_of("b")).amount == 50
    assert len(shop.facts(Claimed)) == 2


def test_a_refused_call_uses_no_idempotency_key() -> None:
    shop = Shop(funds=49)
    with pytest.raises(errors.InsufficientBalanceError):
        shop.reserve(claim=claim_of("a"))

    shop.grant(1)

    assert shop.reserve(claim=claim_of("a")).amount == 50


def test_a_command_names_everything_it_looks_at() -> None:
    shop = Shop()
    claim = claim_of("a")
    who = shop.who
    book_id = ids.price_book_id(0)

    plain, claimed = shop.call(), shop.call(claim=claim)

    assert plain.ids == (
        who.credential_id, who.key_id, who.wallet_id, who.customer_id, book_id,
    )  # fmt: skip
    assert claimed.ids == (*plain.ids, claim.claim_id)


def test_a_calls_own_tags_go_before_its_keys() -> None:
    shop = Shop(funds=1_000, tags={"cost_center": "sales", "team": "a"})

    held = shop.reserve(tags={"cost_center": "berlin"})

    (fact,) = shop.facts(Reserved)
    assert fact.tags == {"cost_center": "berlin", "team": "a"}
    assert fact.originator_id == held.request_id
