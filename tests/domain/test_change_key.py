"""A key's terms change for its very next call, and no key gives what it has not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.api_key import INFERENCE, MANAGE, ApiKey
from domain.api_key_events import Changed, Disabled, LimitsChanged, Renamed
from domain.change_key import KeyChange, NewName, change_key, disable_own_key, name_id_of
from domain.errors import (
    ApiKeyDisabledError,
    ConflictError,
    KeyQuotaExhaustedError,
    ModelNotAllowedError,
    NotFoundError,
    PermissionDeniedError,
)
from domain.key_ceiling import ExceedsOwnKeyError
from domain.limits import Limits
from domain.manage import create_key
from domain.manager import Manager
from domain.quota import DAY, MONTH, Quota
from domain.reserve_call import Identity
from tests.domain.shop import T0, Shop

OPERATOR = Manager("operator")
SOON, LATE = T0 + timedelta(days=1), T0 + timedelta(days=2)


def change(shop: Shop, manager: Manager = OPERATOR, **terms: Any) -> None:
    shop.do(change_key(shop.who.key_id, KeyChange(terms), manager))


def beside(shop: Shop, **key: Any) -> Manager:
    """One more key of the same customer, which acts."""
    who = Identity(shop.mint(), shop.mint(), shop.who.wallet_id, shop.who.customer_id)
    new = shop.new_key(key_id=who.key_id, credential_id=who.credential_id, **key)
    shop.do(create_key(who.customer_id, who.wallet_id, new))
    return Manager("key", who)


def test_what_is_not_named_stays() -> None:
    shop = Shop(
        allowed_models=["m"], allowed_providers=["p"], quota=Quota(9, DAY), tags={"team": "a"},
        permissions=[INFERENCE], expires_at=LATE, limits=Limits(parallel_calls=2),
    )  # fmt: skip
    before = shop.key.terms

    change(shop, tags={"team": "b"})
    change(shop, tags={"team": "b"})

    (fact,) = shop.facts(Changed)
    assert (fact.actor, fact.tags) == ("operator", {"team": "b"})
    after = shop.key.terms
    assert (after.tags, after.limits) == ({"team": "b"}, before.limits)
    assert {**before.facts(), "tags": {"team": "b"}} == after.facts()
    shop.ledger.rebuild()
    assert shop.key.terms == after


def test_a_scope_that_is_emptied_is_everything_again() -> None:
    shop = Shop(funds=1_000, allowed_models=["free"])
    with pytest.raises(ModelNotAllowedError):
        shop.reserve()

    change(shop, allowed_models=())

    shop.reserve()


def test_the_next_call_obeys_a_narrower_scope() -> None:
    shop = Shop(funds=1_000)
    shop.reserve()

    change(shop, allowed_providers=("elsewhere",))

    with pytest.raises(ModelNotAllowedError):
        shop.reserve()


def test_a_quota_below_what_is_spent_allows_nothing_more() -> None:
    shop = Shop(funds=1_000)
    shop.charge(shop.reserve(), {"input": 10, "output": 20})

    change(shop, quota=Quota(49))
    with pytest.raises(KeyQuotaExhaustedError):
        shop.reserve(1, 1)
    assert shop.key.headroom(shop.ledger.at) == -1

    change(shop, quota=None)
    shop.reserve()


def test_limits_are_changed_as_a_whole_by_a_fact_of_their_own() -> None:
    shop = Shop()

    change(shop, limits=Limits(parallel_calls=1))

    assert shop.key.limits == Limits(parallel_calls=1)
    assert (len(shop.facts(LimitsChanged)), shop.facts(Changed)) == (1, [])


def test_a_name_is_another_text_each_time() -> None:
    shop = Shop()
    assert name_id_of(shop.key) == shop.who.key_id

    names = [shop.mint(), shop.mint()]
    before = [
        shop.do(change_key(shop.who.key_id, KeyChange(name=NewName(n, "hash")), OPERATOR))
        for n in names
    ]

    assert before == [shop.who.key_id, names[0]]
    assert name_id_of(shop.key) == names[1]
    assert [fact.name_hash for fact in shop.facts(Renamed)] == ["hash", "hash"]


def test_a_disabled_key_changes_no_more_and_is_disabled_once() -> None:
    shop = Shop()
    for _ in range(2):
        shop.do(disable_own_key(shop.who.key_id, OPERATOR))

    with pytest.raises(ConflictError):
        change(shop, quota=None)
    assert len(shop.facts(Disabled)) == 1
    assert shop.key.disabled_at == T0


@pytest.mark.parametrize(
    ("before", "after", "used"), [(DAY, MONTH, 90), (DAY, "none", 90), (MONTH, DAY, 0)]
)
def test_a_larger_window_counts_what_its_parts_did_and_a_smaller_one_begins_anew(
    before: str, after: str, used: int
) -> None:
    shop = Shop(funds=1_000, quota=Quota(500, before))
    shop.charge(shop.reserve(), {"input": 10, "output": 15})
    shop.tick(days=1)
    shop.reserve()

    change(shop, quota=Quota(500, after))

    counted = 500 - (shop.key.headroom(shop.ledger.at) or 0)
    assert counted == used


def test_a_change_of_windows_and_back_counts_nothing_twice() -> None:
    shop = Shop(funds=1_000, quota=Quota(500, DAY))
    shop.charge(shop.reserve(), {"input": 10, "output": 15})
    for window in (MONTH, DAY, MONTH):
        change(shop, quota=Quota(500, window))
        shop.charge(shop.reserve(), {"input": 10})

    assert shop.key.used(shop.ledger.at) == 70


def test_a_hold_that_ran_out_in_a_part_of_the_window_counts_no_more() -> None:
    shop = Shop(funds=1_000, quota=Quota(500, DAY))
    shop.reserve()
    change(shop, quota=Quota(500, MONTH))

    assert shop.key.reserved(shop.ledger.at) == 50
    shop.tick(minutes=11)

    assert shop.key.reserved(shop.ledger.at) == 0


def test_the_acting_key_must_still_be_usable() -> None:
    shop = Shop()
    manager = beside(shop)
    assert manager.who is not None
    shop.do(disable_own_key(manager.who.key_id, OPERATOR))

    for command in (
        change_key(shop.who.key_id, KeyChange({"quota": None}), manager),
        disable_own_key(shop.who.key_id, manager),
    ):
        with pytest.raises(ApiKeyDisabledError):
            shop.do(command)
    with pytest.raises(PermissionDeniedError):
        change(shop, beside(shop, permissions=[INFERENCE]))


def test_anothers_key_is_not_there() -> None:
    shop = Shop()
    victim = shop.who.key_id
    shop.join()
    intruder = beside(shop)

    for command in (
        change_key(victim, KeyChange(), intruder),
        disable_own_key(victim, intruder),
        disable_own_key(UUID(int=1 << 20), intruder),
    ):
        with pytest.raises(NotFoundError, match="No such key"):
            shop.do(command)
    assert not shop.ledger.look(ApiKey, victim).disabled


RAISES = [
    ({"permissions": [MANAGE]}, {"permissions": [MANAGE]}, {"permissions": (MANAGE, INFERENCE)}),
    ({"allowed_models": ["m"]}, {"allowed_models": ["m"]}, {"allowed_models": ("m", "n")}),
    ({"allowed_models": ["m"]}, {"allowed_models": ["m"]}, {"allowed_models": ()}),
    ({"allowed_providers": ["p"]}, {"allowed_providers": ["p"]}, {"allowed_providers": ()}),
    ({"expires_at": SOON}, {"expires_at": SOON}, {"expires_at": LATE}),
    ({"expires_at": SOON}, {"expires_at": SOON}, {"expires_at": None}),
    ({"quota": Quota(5)}, {"quota": Quota(5)}, {"quota": Quota(6)}),
    ({"quota": Quota(5)}, {"quota": Quota(5)}, {"quota": Quota(5, DAY)}),
    ({"quota": Quota(5)}, {"quota": Quota(5)}, {"quota": None}),
    (
        {"quota": Quota(5)},
        {"permissions": [MANAGE]},
        {"permissions": (MANAGE, INFERENCE), "quota": Quota(5)},
    ),
    (
        {"limits": Limits(tokens_per_minute=5)},
        {"limits": Limits(tokens_per_minute=5)},
        {"limits": Limits(tokens_per_minute=6)},
    ),
    (
        {"limits": Limits(parallel_calls=5)},
        {"limits": Limits(parallel_calls=5)},
        {"limits": Limits()},
    ),
]


@pytest.mark.parametrize(("own", "was", "after"), RAISES)
def test_no_key_is_raised_above_the_one_that_acts(
    own: dict[str, Any], was: dict[str, Any], after: dict[str, Any]
) -> None:
    shop = Shop(**was)
    before = shop.key.terms

    with pytest.raises(ExceedsOwnKeyError):
        change(shop, beside(shop, **own), **after)

    assert shop.key.terms == before
    change(shop, beside(shop), **after)
    change(shop, **after)


@pytest.mark.parametrize(
    ("own", "after"), [(own, after) for own, was, after in RAISES if own == was]
)
def test_no_key_raises_itself(own: dict[str, Any], after: dict[str, Any]) -> None:
    terms: dict[str, Any] = {"permissions": [INFERENCE, MANAGE], **own}
    shop = Shop(**terms)

    with pytest.raises(ExceedsOwnKeyError):
        change(shop, Manager("key", shop.who), **after)


def test_a_key_may_lower_itself_and_what_it_leaves_alone_may_be_more_than_its_own() -> None:
    shop = Shop(quota=Quota(100), allowed_models=["m", "n"])
    narrow = beside(shop, allowed_models=["x"], quota=Quota(1), expires_at=SOON)
    change(shop, narrow, tags={"team": "a"})
    change(shop, narrow, allowed_models=("n",), quota=Quota(99))

    change(shop, Manager("key", shop.who), quota=Quota(98), expires_at=LATE)

    assert shop.key.terms.allowed_models == ("n",)
    assert shop.key.terms.quota == Quota(98)
