"""Preflight against the next call, over generated keys, wallets, limits and policies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from domain import manage
from domain.change_call_policy import change_security
from domain.change_limits import change_customer_limits, change_key_limits
from domain.change_routing import change_routing
from domain.errors import RefusalError
from domain.limits import Limits
from domain.quota import Quota
from tests.api.helpers import data, refused
from tests.api.openapi.assortment import CHAT_PATHS, assortment
from tests.api.openapi.looking_ahead import MICRO, call, codes
from tests.api.openapi.till import NANOS, Account, Till, till
from tests.projections.history import database

NAMES = ("vendor/small", "large", "vectors", "completer", "any/chat", "auto", "partners-only")


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder), assortment()) as opened:
        yield opened


SCOPES = st.sampled_from([["vendor/small"], ["large"], ["vectors", "completer"]])
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "allowed_models": SCOPES,
    "allowed_providers": st.sampled_from([["one"], ["two"], ["other"]]),
    "quota": st.builds(Quota, st.sampled_from([0, 11 * MICRO])),
    "permissions": st.just(["manage"]),
}
HINDRANCES: dict[str, st.SearchStrategy[Any]] = KEYS | {
    "credit": st.sampled_from([0, 1, 11 * MICRO, 12 * MICRO, 50 * MICRO]),
    "routing": st.fixed_dictionaries(
        {},
        optional={
            "regions": st.sampled_from([["eu"], ["us"], ["moon"]]),
            "models": SCOPES,
            "rollout": st.sampled_from([{"vendor/small": 0}, {"large": 0}, {"large": 100}]),
        },
    ),
    "security": SCOPES,
    "parallel": st.integers(0, 1),
    "parallel_of_customer": st.integers(0, 1),
    "tokens": st.sampled_from([3, 1_000]),
    "frozen": st.just(value=True),
    "past": st.sampled_from(["held", "owed"]),
    "partner": st.just(value=True),
}
"""What may stand in the way of a call, alone or beside another."""


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(HINDRANCES)), max_size=3, unique=True))
    return {name: draw(HINDRANCES[name]) for name in names}


def happen(shop: Till, account: Account, what: str | None) -> None:
    """Leave a call open, or one that came to more than there was; not if the key may make none."""
    if what is None:
        return
    try:
        held = shop.hold(account, "vendor/small", tokens=10, cap=1)
    except RefusalError:
        return
    if what == "owed":
        terms = manage.change_terms(
            account.who.wallet_id, overdraft_limit=None, excess_policy="debt", actor="test"
        )
        shop.do(terms)
        shop.charge(held, {"input": 2_000_000})


def build(shop: Till, world: dict[str, Any]) -> Account:
    """A customer, a key, a wallet and policies as they were drawn."""
    key = {name: world[name] for name in KEYS if name in world}
    account = shop.account(world.get("credit", NANOS), **key)
    who = account.who
    if "partner" in world:
        shop.do(manage.change_price_list(who.wallet_id, price_list="partners", actor="test"))
    happen(shop, account, world.get("past"))
    shop.do(change_routing(who.customer_id, world.get("routing", {}), actor="test"))
    models = tuple(world.get("security", ()))
    shop.do(change_security(who.customer_id, {"models": models}, actor="test"))
    limits = Limits(None, world.get("tokens"), world.get("parallel"))
    shop.do(change_key_limits(who.key_id, limits, actor="test"))
    limits = Limits(parallel_calls=world.get("parallel_of_customer"))
    shop.do(change_customer_limits(who.customer_id, limits, actor="test"))
    if "frozen" in world:
        shop.do(manage.freeze_wallet(who.wallet_id, frozen=True, actor="test"))
    return account


@settings(
    max_examples=60,
    phases=(Phase.generate,),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=worlds(), name=st.sampled_from(NAMES), other=st.integers(0, 6))
def test_a_call_right_after_is_answered_if_and_only_if_it_was_said_to_be(
    shop: Till, world: dict[str, Any], name: str, other: int
) -> None:
    account = build(shop, world)
    asked = shop.get(account, f"/models/{name}/preflight")
    if asked.status_code == 404:  # whatever else is in the way, a call meets that before
        body = {"model": name, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        answer = shop.request("POST", CHAT_PATHS[0], account.secret, json=body)
        assert refused(asked) == (404, "model_not_found")
        assert answer.status_code != 200
        return
    told = data(asked)
    listed = data(shop.get(account, f"/models/{name}"))

    # Whichever call is made first is the next one; the others would find other figures.
    protocol = told["protocols"][other % len(told["protocols"])]
    answer = call(shop, account, protocol)

    assert (answer.status_code == 200) == protocol["callable"], answer.text
    if protocol["url"].endswith(("/v1/chat/completions", "embeddings", "/v1/completions")):
        code = None if protocol["callable"] else answer.json()["error"]["code"]
        assert code == next(iter(codes(protocol)), None)
    assert (listed["callable"], listed["reason"]) == (
        told["callable"], next(iter(told["blocking_reasons"]), None),
    )  # fmt: skip
