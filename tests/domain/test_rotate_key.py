"""A key's secrets come and go; its quota and history stay."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain import ids
from domain.access import ReplacedSecretError
from domain.api_key import INFERENCE, MANAGE, ApiKey
from domain.api_key_events import Created, Rotated
from domain.change_key import disable_own_key
from domain.create_key import (
    NewCopy,
    NewSecret,
    SecretShownError,
    copy_key,
    create_own_key,
)
from domain.credential import Credential, Issued, Revoked
from domain.errors import (
    ApiKeyDisabledError,
    ConflictError,
    IdempotencyKeyReusedError,
    InvalidApiKeyError,
    KeyQuotaExhaustedError,
    NotFoundError,
)
from domain.key_ceiling import ExceedsOwnKeyError
from domain.manage import create_key
from domain.manager import Manager
from domain.quota import Quota
from domain.reserve_call import Claim, Identity
from domain.rotate_key import Opened, look_up_opened, rotate_key
from tests.domain.shop import Shop

OPERATOR = Manager("operator")


def rotate(shop: Shop, manager: Manager = OPERATOR, **options: Any) -> Identity:
    """Rotate the shop's key; gives who its new secret speaks for."""
    key_id, new = shop.who.key_id, shop.mint()
    opened = shop.do(look_up_opened(key_id, OPERATOR))
    assert opened is not None
    shop.do(rotate_key(key_id, opened, NewSecret(new, "tb_2"), manager, **options))
    return replace(shop.who, credential_id=new)


def beside(shop: Shop, **key: Any) -> Manager:
    who = Identity(shop.mint(), shop.mint(), shop.who.wallet_id, shop.who.customer_id)
    new = shop.new_key(key_id=who.key_id, credential_id=who.credential_id, **key)
    shop.do(create_key(who.customer_id, who.wallet_id, new))
    return Manager("key", who)


def copied(shop: Shop, manager: Manager = OPERATOR, claim: Claim | None = None) -> ApiKey:
    new = NewCopy(shop.mint(), NewSecret(shop.mint(), "tb_3"), "hash")
    shop.do(copy_key(shop.who.key_id, new, manager, claim))
    return shop.ledger.look(ApiKey, new.key_id)


def test_the_old_secret_is_over_in_the_commit_that_issues_the_new_one() -> None:
    shop = Shop(funds=1_000, quota=Quota(100))
    shop.charge(shop.reserve(), {"input": 10, "output": 20})
    old = shop.who

    new = rotate(shop)

    with pytest.raises(InvalidApiKeyError):
        shop.reserve()
    shop.reserve(identity=new)
    with pytest.raises(KeyQuotaExhaustedError):
        shop.reserve(identity=new)
    (rotated,), (revoked,) = shop.facts(Rotated), shop.facts(Revoked)
    assert (rotated.credential_id, rotated.replaces) == (
        new.credential_id.hex, old.credential_id.hex,
    )  # fmt: skip
    assert revoked.effective_at == shop.now
    assert [fact.key_id for fact in shop.facts(Issued)] == [old.key_id.hex] * 2


def test_the_old_secret_lives_on_through_its_grace_and_not_an_instant_longer() -> None:
    shop = Shop(funds=1_000)
    new = rotate(shop, grace=timedelta(seconds=60))

    shop.tick(seconds=59)
    shop.reserve()
    shop.reserve(identity=new)

    shop.tick(seconds=1)
    with pytest.raises(InvalidApiKeyError):
        shop.reserve()
    shop.reserve(identity=new)


def test_another_rotation_ends_a_grace_at_once_so_that_never_three_secrets_live() -> None:
    shop = Shop(funds=1_000)
    second = rotate(shop, grace=timedelta(days=1))
    third = rotate(shop, grace=timedelta(seconds=5))

    with pytest.raises(InvalidApiKeyError):
        shop.reserve()
    shop.reserve(identity=second)
    shop.reserve(identity=third)


def test_who_has_only_the_replaced_secret_cannot_end_the_new_one() -> None:
    shop = Shop(funds=1_000, permissions=[INFERENCE, MANAGE])
    new = rotate(shop, grace=timedelta(days=1))

    with pytest.raises(ReplacedSecretError):
        rotate(shop, Manager("key", shop.who))

    shop.reserve()
    shop.reserve(identity=new)
    rotate(shop, Manager("key", new))


def test_a_key_of_an_earlier_release_is_rotated_by_what_is_known_of_it() -> None:
    shop = Shop(funds=1_000)
    shop.key.credential_id = None
    assert shop.do(look_up_opened(shop.who.key_id, OPERATOR)) is None
    opened = Opened(shop.who.credential_id)

    shop.do(rotate_key(shop.who.key_id, opened, NewSecret(shop.mint(), "tb_2"), OPERATOR))

    with pytest.raises(InvalidApiKeyError):
        shop.reserve()


def test_of_two_rotations_at_once_one_is_told_of_the_other() -> None:
    shop = Shop()
    opened = Opened(shop.who.credential_id)
    for attempt in range(2):
        command = rotate_key(shop.who.key_id, opened, NewSecret(shop.mint(), "tb_2"), OPERATOR)
        if attempt:
            with pytest.raises(ConflictError, match="meanwhile"):
                shop.do(command)
        else:
            shop.do(command)
    rotate(shop)
    assert len(shop.facts(Rotated)) == 2


def test_a_third_rotation_that_forgets_a_living_secret_is_refused() -> None:
    shop = Shop()
    second = rotate(shop, grace=timedelta(days=1))

    with pytest.raises(ConflictError, match="meanwhile"):
        shop.do(
            rotate_key(
                shop.who.key_id, Opened(second.credential_id), NewSecret(shop.mint(), ""), OPERATOR
            )
        )


def test_a_disabled_key_is_not_rotated() -> None:
    shop = Shop()
    shop.do(disable_own_key(shop.who.key_id, OPERATOR))

    with pytest.raises(ConflictError, match="disabled"):
        rotate(shop)
    with pytest.raises(ApiKeyDisabledError):
        rotate(shop, Manager("key", shop.who))


def test_a_key_rotates_itself_whatever_its_quota_but_no_key_that_may_do_more() -> None:
    shop = Shop(quota=Quota(5), permissions=[INFERENCE, MANAGE])
    limited = beside(shop, quota=Quota(50))

    with pytest.raises(ExceedsOwnKeyError):
        rotate(shop, limited)

    rotate(shop, Manager("key", shop.who))
    rotate(shop, beside(shop))


def test_nobody_rotates_or_copies_anothers_key() -> None:
    shop = Shop()
    victim = shop.who
    shop.join()
    intruder = Manager("key", shop.who)

    new = NewSecret(shop.mint(), "tb_2")
    with pytest.raises(NotFoundError):
        shop.do(rotate_key(victim.key_id, Opened(victim.credential_id), new, intruder))
    with pytest.raises(NotFoundError):
        shop.do(copy_key(victim.key_id, NewCopy(shop.mint(), new, "hash"), intruder))


def test_a_copy_has_the_terms_and_nothing_of_what_was_spent() -> None:
    shop = Shop(
        funds=1_000, quota=Quota(60), allowed_models=["m"], allowed_providers=["p"],
        tags={"team": "a"}, permissions=[INFERENCE],
    )  # fmt: skip
    shop.charge(shop.reserve(), {"input": 10, "output": 20})

    copy = copied(shop)

    assert copy.terms == shop.key.terms
    assert (copy.headroom(shop.ledger.at), shop.key.headroom(shop.ledger.at)) == (60, 10)
    assert copy.credential_id != shop.key.credential_id
    assert copy.created_at == shop.now


def test_a_copy_is_not_made_of_what_has_expired_nor_by_a_key_that_has_less() -> None:
    shop = Shop()
    limited = beside(shop, allowed_models=["m"])
    with pytest.raises(ExceedsOwnKeyError, match="allowed_model_ids"):
        copied(shop, limited)

    late = Shop(expires_at=shop.now + timedelta(seconds=5))
    copied(late)
    late.tick(seconds=5)
    with pytest.raises(ConflictError, match="expired"):
        copied(late)


def test_a_key_makes_a_key_with_no_more_than_it_has() -> None:
    shop = Shop(allowed_models=["m"])
    own = Manager("key", shop.who)

    def new(*models: str) -> Any:
        made = shop.new_key(
            key_id=shop.mint(), credential_id=shop.mint(), allowed_models=[*models], actor="key"
        )
        return create_own_key(made, own)

    for models in ((), ("m", "n")):
        with pytest.raises(ExceedsOwnKeyError):
            shop.do(new(*models))
    key_id = shop.do(new("m"))

    made = shop.ledger.look(ApiKey, key_id)
    assert made.terms.allowed_models == ("m",)
    assert made.customer_id == shop.who.customer_id.hex
    assert shop.facts(Created)[-1].actor == "key"
    shop.do(disable_own_key(shop.who.key_id, own))
    with pytest.raises(ApiKeyDisabledError):
        shop.do(new("m"))


def test_a_used_idempotency_key_makes_no_second_secret_and_tells_whose_the_first_was() -> None:
    shop = Shop()
    claim = Claim(shop.mint(), "body")

    copy = copied(shop, claim=claim)

    for body, refusal in (("body", SecretShownError), ("other", IdempotencyKeyReusedError)):
        with pytest.raises(refusal) as refused:
            copied(shop, claim=Claim(claim.claim_id, body))
        assert refused.type is not SecretShownError or ids.public(ids.KEY, copy.id) in str(
            refused.value
        )
    rotate(shop, claim=Claim(other := shop.mint(), "body"))
    with pytest.raises(SecretShownError):
        rotate(shop, claim=Claim(other, "body"))
    assert len(shop.facts(Rotated)) == 1


def test_a_rotated_key_comes_back_from_its_snapshot_and_from_the_log_alike() -> None:
    shop = Shop(funds=1_000)
    new = rotate(shop, grace=timedelta(seconds=5))

    for again in (shop.ledger.restart_from_snapshots, shop.ledger.rebuild):
        again()
        shop.reserve()
        shop.reserve(identity=new)
        assert shop.key.credential_id == new.credential_id.hex
        assert shop.ledger.look(Credential, shop.who.credential_id).ends_at is not None
