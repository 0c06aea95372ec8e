"""Whoever changes something may do so at that very moment, or nothing is changed."""

import pytest

from domain.change_key import disable_own_key
from domain.change_routing import change_routing, look_up_routing
from domain.decision import Decision
from domain.errors import ApiKeyDisabledError
from domain.manager import Manager
from domain.routing_policy import RoutingPolicy
from tests.domain.shop import Shop

OPERATOR = Manager("operator")


def change(shop: Shop, manager: Manager) -> None:
    command = change_routing(shop.who.customer_id, {"retries": 2}, actor=manager.actor)
    assert shop.do(manager.guarded(command)) == policy(shop)


def policy(shop: Shop) -> RoutingPolicy:
    return shop.do(look_up_routing(shop.who.customer_id))


@pytest.mark.parametrize("by_key", [True, False])
def test_a_key_that_may_and_an_operator_change_what_they_will(*, by_key: bool) -> None:
    shop = Shop()

    change(shop, Manager("key", shop.who) if by_key else OPERATOR)

    assert policy(shop).retries == 2


def test_a_key_that_was_disabled_a_moment_before_changes_nothing() -> None:
    shop = Shop()
    before = policy(shop)
    shop.do(disable_own_key(shop.who.key_id, OPERATOR))

    with pytest.raises(ApiKeyDisabledError):
        change(shop, Manager("key", shop.who))

    assert policy(shop) == before


def test_what_is_decided_for_a_key_reads_that_key_too() -> None:
    shop = Shop()
    looked = look_up_routing(shop.who.customer_id)

    guarded = Manager("key", shop.who).guarded(looked)

    assert isinstance(guarded, Decision)
    assert set(guarded.ids) == {*looked.ids, shop.who.credential_id, shop.who.key_id}
