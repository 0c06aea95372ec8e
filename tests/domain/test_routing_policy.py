"""A customer's routing policy: what it keeps, whom it lets answer, how hard it tries."""

from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest

from domain.catalog import CHAT, Model, Route
from domain.change_routing import change_routing, look_up_routing
from domain.customer import Customer, RoutingChanged
from domain.errors import NotFoundError
from domain.routing_policy import (
    ANY_ROUTE,
    RoutingPolicy,
    RoutingPolicyError,
    policy_of,
    retries_after,
)
from tests.domain.shop import Shop
from tests.fakes import restored

EU, US, NOWHERE = (
    Route("one", "a", region="eu"),
    Route("two", "b", region="us"),
    Route("three", "c"),
)
MODEL = Model("m", CHAT, 1_000, 100, (EU, US, NOWHERE))


def route(shop: Shop, **fields: Any) -> None:
    shop.do(change_routing(shop.who.customer_id, fields, actor="operator"))


def routing(shop: Shop) -> RoutingPolicy:
    return shop.do(look_up_routing(shop.who.customer_id))


def vars_of(policy: RoutingPolicy) -> dict[str, Any]:
    return {field.name: getattr(policy, field.name) for field in fields(policy)}


REQUESTS = [UUID(int=n << 16) for n in range(10_000)]


def test_without_a_policy_everything_is_allowed_and_nothing_is_tried_again() -> None:
    assert ANY_ROUTE.routes(MODEL.routes) == MODEL.routes
    assert ANY_ROUTE.allows(MODEL, REQUESTS[0], chosen=False)
    assert (ANY_ROUTE.fallback, ANY_ROUTE.retries) == (True, 0)


def test_only_routes_in_the_regions_are_kept_and_a_nameless_region_is_none_of_them() -> None:
    assert RoutingPolicy(regions=("eu",)).routes(MODEL.routes) == (EU,)
    assert RoutingPolicy(regions=("us", "eu")).routes(MODEL.routes) == (EU, US)
    assert RoutingPolicy(regions=("moon",)).routes(MODEL.routes) == ()


@pytest.mark.parametrize("chosen", [True, False])
def test_only_models_in_scope_may_answer_whoever_chose_them(chosen: bool) -> None:
    assert RoutingPolicy(models=("m", "n")).allows(MODEL, REQUESTS[0], chosen=chosen)
    assert not RoutingPolicy(models=("n",)).allows(MODEL, REQUESTS[0], chosen=chosen)


@pytest.mark.parametrize("percent", [0, 1, 25, 50, 99, 100])
def test_a_rollout_lets_its_percentage_of_the_calls_use_a_model(percent: int) -> None:
    policy = RoutingPolicy(rollout={"m": percent})

    let = sum(policy.allows(MODEL, request_id, chosen=False) for request_id in REQUESTS)

    deviation = (len(REQUESTS) * percent * (100 - percent)) ** 0.5 / 100
    assert abs(let - len(REQUESTS) * percent / 100) <= 5 * deviation


def test_a_rollout_decides_the_same_for_a_call_whoever_asks_and_grows_without_moving() -> None:
    small, large = RoutingPolicy(rollout={"m": 10}), RoutingPolicy(rollout={"m": 40})
    early = {r for r in REQUESTS if small.allows(MODEL, r, chosen=False)}
    later = {r for r in REQUESTS if large.allows(MODEL, r, chosen=False)}

    assert early == {r for r in REQUESTS if small.allows(MODEL, r, chosen=False)}
    assert early < later


def test_a_rollout_does_not_touch_who_names_the_model_nor_other_models() -> None:
    assert RoutingPolicy(rollout={"m": 0}).allows(MODEL, REQUESTS[0], chosen=True)
    assert RoutingPolicy(rollout={"n": 0}).allows(MODEL, REQUESTS[0], chosen=False)


@pytest.mark.parametrize(
    ("outcome", "by_default", "by_policy"),
    [
        ("status_408", 1, 3),
        ("status_409", 1, 3),
        ("status_425", 1, 3),
        ("not_sent", 0, 3),
        ("status_503", 0, 3),
        ("status_529", 0, 3),
        ("status_429", 0, 0),
        ("status_400", 0, 0),
        ("timeout", 0, 0),
        ("connection_lost", 0, 0),
    ],
)
def test_only_what_costs_nothing_is_tried_again(
    outcome: str, by_default: int, by_policy: int
) -> None:
    assert retries_after(outcome, ANY_ROUTE) == by_default
    assert retries_after(outcome, RoutingPolicy(retries=3)) == by_policy


def test_a_customer_follows_the_policy_it_was_given_until_the_next() -> None:
    shop = Shop()
    policy = RoutingPolicy(("eu",), False, 2, {"m": 5}, ("m",))

    route(shop, **vars_of(policy))
    route(shop, **vars_of(policy))

    assert routing(shop) == policy
    (fact,) = shop.facts(RoutingChanged)
    assert (fact.regions, fact.fallback, fact.retries) == (["eu"], False, 2)
    assert (fact.rollout, fact.models, fact.actor) == ({"m": 5}, ["m"], "operator")
    route(shop, **vars_of(ANY_ROUTE))
    assert routing(shop) == ANY_ROUTE


def test_what_a_change_leaves_out_stays() -> None:
    shop = Shop()
    route(shop, regions=("eu",), retries=2)

    route(shop, fallback=False)

    assert routing(shop) == RoutingPolicy(("eu",), fallback=False, retries=2)
    assert restored(shop.ledger.look(Customer, shop.who.customer_id)).routing == routing(shop)


def test_only_a_customer_has_a_policy() -> None:
    with pytest.raises(NotFoundError):
        Shop().do(change_routing(UUID(int=1 << 60), {"retries": 1}, actor="operator"))


def test_a_policy_is_read_back_from_its_facts() -> None:
    policy = RoutingPolicy(("eu",), False, 2, {"m": 5}, ("m",))

    assert policy_of(policy.facts()) == policy
    assert RoutingPolicyError("auto").param == "model"
