"""What customers see of models: all that they have a price for, and whether they may call it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain import manage
from domain.change_call_policy import change_security
from domain.change_routing import change_routing
from tests.api.helpers import data, refused
from tests.api.openapi.assortment import CHAT_PATHS, assortment
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder), assortment()) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(shop: Till) -> Account:
    return shop.account()


def partner_of(shop: Till) -> Account:
    account = shop.account()
    shop.do(
        manage.change_price_list(account.who.wallet_id, price_list="partners", actor="operator")
    )
    return account


def listed(shop: Till, account: Account, **query: Any) -> dict[str, dict[str, Any]]:
    items = data(shop.get(account, "/models", **query))["items"]
    return {item["id"]: item for item in items}


def one(shop: Till, account: Account, name: str) -> dict[str, Any]:
    return data(shop.get(account, f"/models/{name}"))


def test_models_come_first_then_aliases_and_auto_each_told_as_what_it_is(
    shop: Till, customer: Account
) -> None:
    found = listed(shop, customer)

    assert [(name, item["type"], item["kind"]) for name, item in found.items()] == [
        ("vendor/small", "model", "chat"),
        ("large", "model", "chat"),
        ("vectors", "model", "embeddings"),
        ("completer", "model", "completions"),
        ("any/chat", "alias", "chat"),
        ("auto", "auto", "chat"),
    ]
    assert all(item["callable"] and item["reason"] is None for item in found.values())


def test_a_model_tells_what_it_can_do_and_costs(shop: Till, customer: Account) -> None:
    found = one(shop, customer, "large")

    pricing = found.pop("pricing")
    assert found == {
        "id": "large",
        "type": "model",
        "kind": "chat",
        "owned_by": "vendor",
        "tier": "premium",
        "tags": ["fast"],
        "capabilities": ["tools", "images"],
        "context_tokens": 131072,
        "max_output_tokens": 16384,
        "models": [],
        "protocols": CHAT_PATHS,
        "callable": True,
        "reason": None,
        "preflight_url": "http://till/openapi/v1/models/large/preflight",
        "billing_rule_url": "http://till/openapi/v1/billing/rules/large",
    }
    rule = data(shop.get(customer, "/billing/rules/large"))
    assert pricing == {
        "currency": "USD",
        "price_units": 1_000_000,
        "prices": {"input": "6.00", "output": "12.00"},
        "list_prices": {"input": "10.00", "output": "20.00"},
        "multiplier": "0.6",
        "price_version": rule["price_version"],
        "in_force_since": rule["in_force_since"],
    } | {name: rule[name] for name in ("prices", "list_prices", "multiplier")}


def test_an_alias_tells_what_it_leads_to_and_what_that_can_do_at_most(
    shop: Till, customer: Account
) -> None:
    found = one(shop, customer, "any/chat")

    assert found["models"] == ["large", "vendor/small"]
    assert (found["pricing"], found["billing_rule_url"], found["tier"], found["tags"]) == (
        None, None, None, [],
    )  # fmt: skip
    assert (found["context_tokens"], found["max_output_tokens"]) == (131072, 16384)
    assert found["capabilities"] == ["tools", "images"]
    assert one(shop, customer, "auto")["models"] == ["vendor/small"]


@pytest.mark.parametrize("name", ["vendor/small", "vendor%2Fsmall"])
def test_ids_with_slashes_are_found_encoded_or_not(
    shop: Till, customer: Account, name: str
) -> None:
    assert one(shop, customer, name)["id"] == "vendor/small"
    assert data(shop.get(customer, f"/models/{name}/preflight"))["model"] == "vendor/small"


def test_a_model_is_found_by_its_owner_and_id_as_calls_may_name_it(
    shop: Till, customer: Account
) -> None:
    assert one(shop, customer, "vendor/large")["id"] == "large"
    assert refused(shop.get(customer, "/models/other/large")) == (404, "model_not_found")


@pytest.mark.parametrize("name", ["none", "unpriced", "partners-only", "nothing-yet", "a/b/c"])
@pytest.mark.parametrize("tail", ["", "/preflight"])
def test_what_the_customer_has_no_price_for_is_not_found(
    shop: Till, customer: Account, name: str, tail: str
) -> None:
    assert refused(shop.get(customer, f"/models/{name}{tail}")) == (404, "model_not_found")


def test_a_price_list_shows_its_own_models_and_prices(shop: Till) -> None:
    partner = partner_of(shop)

    found = listed(shop, partner)

    assert "partners-only" in found
    assert found["partners-only"]["pricing"]["prices"] == {"input": "3.00", "output": "4.00"}
    assert found["vendor/small"]["pricing"]["multiplier"] == "0.50"
    assert found["any/chat"]["models"] == ["large", "vendor/small", "partners-only"]
    assert found["any/chat"]["capabilities"] is None
    assert found["auto"]["models"] == ["vendor/small"], "a model needs a public price for auto"


def test_what_the_key_may_not_call_is_listed_with_the_reason(shop: Till) -> None:
    account = shop.account(allowed_models=["large"])

    found = listed(shop, account)

    assert [name for name, item in found.items() if item["callable"]] == ["large", "any/chat"]
    assert found["vendor/small"]["reason"] == {
        "code": "model_not_allowed",
        "message": "The API key may not call the model 'vendor/small'.",
    }


def test_a_policy_and_the_balance_are_told_as_reasons_too(shop: Till) -> None:
    poor, bound = shop.account(credit=0), shop.account()
    shop.do(change_routing(bound.who.customer_id, {"regions": ["us"]}, actor="test"))

    assert one(shop, poor, "large")["reason"]["code"] == "insufficient_balance"
    assert one(shop, bound, "vectors")["reason"]["code"] == "routing_policy"
    assert one(shop, bound, "vendor/small")["callable"] is True


def test_what_the_security_policy_leaves_out_is_neither_callable_nor_counted(shop: Till) -> None:
    account = shop.account()
    shop.do(change_security(account.who.customer_id, {"models": ("large",)}, actor="test"))

    def count(name: str) -> int:
        body = {"model": name, "input": "Hello."}
        path = "/v1/responses/input_tokens"
        return shop.request("POST", path, account.secret, json=body).status_code

    assert one(shop, account, "vendor/small")["reason"]["code"] == "model_not_allowed"
    assert (count("vendor/small"), count("large"), count("any/chat")) == (403, 200, 200)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"kind": "embeddings"}, ["vectors"]),
        ({"kind": "chat"}, ["vendor/small", "large", "any/chat", "auto"]),
        ({"tag": "fast"}, ["vendor/small", "large"]),
        ({"tag": ["fast", "cheap"]}, ["vendor/small"]),
        ({"tag": "slow"}, []),
        ({"capability": "images"}, ["large", "vectors", "completer", "any/chat"]),
        ({"capability": "tools", "kind": "chat"}, ["vendor/small", "large", "any/chat", "auto"]),
        ({"capability": "audio", "tag": "fast"}, []),
    ],
)
def test_filters_are_all_to_be_met(
    shop: Till, customer: Account, query: dict[str, Any], names: list[str]
) -> None:
    assert list(listed(shop, customer, **query)) == names


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "video"}, {"capability": "flight"}, {"tag": ""}, {"tag": ["ok", "x" * 201]},
        {"limit": "0"}, {"cursor": "x"}, {"surprise": "1"}, {"kind": ["chat", "chat"]},
    ],
)  # fmt: skip
def test_what_no_filter_knows_is_refused(
    shop: Till, customer: Account, query: dict[str, Any]
) -> None:
    assert refused(shop.get(customer, "/models", **query)) == (422, "invalid_value")


def test_pages_hold_every_entry_once_and_belong_to_their_filters(
    shop: Till, customer: Account
) -> None:
    names: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = data(shop.get(customer, "/models", limit=4, **cursor))
        names += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert names == list(listed(shop, customer))
    other = shop.get(customer, "/models", kind="chat", **cursor)
    assert refused(other) == (422, "invalid_value")
    whole = data(shop.get(customer, "/models", limit=6))
    assert (len(whole["items"]), whole["next_cursor"]) == (6, None)


def test_tags_are_those_of_visible_models_once_each(shop: Till, customer: Account) -> None:
    assert data(shop.get(customer, "/model-tags"))["items"] == [
        {"tag": "cheap", "count": 1, "models": ["vendor/small"]},
        {"tag": "fast", "count": 2, "models": ["vendor/small", "large"]},
    ]
    partners = data(shop.get(partner_of(shop), "/model-tags"))["items"]
    assert {"tag": "partners", "count": 1, "models": ["partners-only"]} in partners


@pytest.mark.parametrize(
    "path", ["/models/large", "/models/large/preflight", "/model-tags", "/resource-types"]
)
def test_a_parameter_that_is_not_there_is_refused(shop: Till, customer: Account, path: str) -> None:
    assert refused(shop.get(customer, path, surprise="1")) == (422, "invalid_value")


def test_only_a_key_that_may_manage_sees_models_here(shop: Till) -> None:
    account = shop.account(permissions=["inference"])

    for path in ("/models", "/models/large", "/models/large/preflight", "/model-tags"):
        assert refused(shop.get(account, path)) == (403, "permission_denied")
