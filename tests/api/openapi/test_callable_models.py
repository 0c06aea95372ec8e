"""GET /v1/models lists what a call by that name and key would be let through for, and no more."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain import manage
from domain.change_call_policy import change_security
from domain.change_routing import change_routing
from tests.api.openapi.assortment import assortment
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

SAY = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
CALLS = {
    "vectors": ("/v1/embeddings", {"input": "Hi"}),
    "completer": ("/v1/completions", {"prompt": "Hi", "max_tokens": 1}),
}
"""Of what is not for chat."""
CHAT = ("/v1/chat/completions", SAY)
PUBLIC = ["vendor/small", "large", "vectors", "completer", "any/chat"]


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder), assortment()) as opened:
        yield opened


def anyone(shop: Till) -> Account:
    return shop.account()


def scoped(shop: Till) -> Account:
    return shop.account(allowed_models=["large", "vectors"])


def of_one_provider(shop: Till) -> Account:
    return shop.account(allowed_providers=["two"])


def partner(shop: Till) -> Account:
    account = shop.account()
    command = manage.change_price_list(
        account.who.wallet_id, price_list="partners", actor="operator"
    )
    shop.do(command)
    return account


def secured(shop: Till) -> Account:
    account = shop.account()
    shop.do(change_security(account.who.customer_id, {"models": ("completer",)}, actor="test"))
    return account


def routed(shop: Till, **policy: object) -> Account:
    account = shop.account()
    shop.do(change_routing(account.who.customer_id, policy, actor="test"))
    return account


def within_us(shop: Till) -> Account:
    return routed(shop, regions=["us"])


def held_to_large(shop: Till) -> Account:
    return routed(shop, models=["large"])


def never_by_choice(shop: Till) -> Account:
    return routed(shop, rollout={"large": 0, "vendor/small": 0})


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (anyone, PUBLIC),
        (scoped, ["large", "vectors", "any/chat"]),
        (of_one_provider, ["vendor/small", "large", "any/chat"]),
        (partner, [*PUBLIC[:-1], "partners-only", "any/chat"]),
        (secured, ["completer"]),
        (within_us, ["vendor/small", "large", "any/chat"]),
        (held_to_large, ["large", "any/chat"]),
        (never_by_choice, PUBLIC[:-1]),
    ],
)
def test_what_is_listed_is_answered_and_what_is_not_is_refused(
    shop: Till, made: Callable[[Till], Account], expected: list[str]
) -> None:
    account = made(shop)
    catalog = shop.gateway.catalog

    listed = names(shop, account, "/v1/models")

    assert listed == names(shop, account, "/openai/v1/models") == expected
    for name in (*catalog.models, *catalog.aliases):
        assert answers(shop, account, name) == (name in listed), name
        found = shop.request("GET", f"/v1/models/{name}", account.secret)
        assert found.status_code == (200 if name in listed else 404)


def test_what_passes_takes_no_model_from_the_list(shop: Till) -> None:
    assert names(shop, shop.account(credit=0), "/v1/models") == PUBLIC


def names(shop: Till, account: Account, path: str) -> list[str]:
    answer = shop.request("GET", path, account.secret)
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json()["data"]]


def answers(shop: Till, account: Account, name: str) -> bool:
    path, body = CALLS.get(name, CHAT)
    answer = shop.request("POST", path, account.secret, json={"model": name, **body})
    assert answer.status_code in {200, 403, 404}, answer.text
    return answer.is_success
