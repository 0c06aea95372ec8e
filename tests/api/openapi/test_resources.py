"""Resources: the models that a customer can see, and what the operator points to besides."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain import manage
from tests.api.helpers import data, refused
from tests.api.openapi.assortment import assortment
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

SEARCH = {
    "id": "tools/search",
    "type": "mcp_server",
    "name": "Search",
    "description": "Looks things up.",
    "url": "https://mcp.example.com/sse",
    "version": "1.2.0",
    "tags": ["fast", "web"],
    "models": ["vendor/small", "any/chat"],
}


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder), assortment()) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(shop: Till) -> Account:
    return shop.account()


def names(shop: Till, account: Account, **query: Any) -> list[str]:
    return [item["id"] for item in data(shop.get(account, "/resources", **query))["items"]]


def test_models_come_first_and_then_the_others(shop: Till, customer: Account) -> None:
    assert names(shop, customer) == [
        "vendor/small", "large", "vectors", "completer", "any/chat", "auto",
        "tools/search", "summaries",
    ]  # fmt: skip


def test_a_resource_is_told_as_the_operator_wrote_it(shop: Till, customer: Account) -> None:
    assert data(shop.get(customer, "/resources/tools/search")) == SEARCH
    assert data(shop.get(customer, "/resources/summaries")) == {
        "id": "summaries", "type": "skill", "name": "Summaries", "description": "", "url": None,
        "version": None, "tags": [], "models": [],
    }  # fmt: skip


def test_models_that_the_customer_cannot_see_are_in_no_resource(
    shop: Till, customer: Account
) -> None:
    partner = shop.account()
    shop.do(
        manage.change_price_list(partner.who.wallet_id, price_list="partners", actor="operator")
    )

    found = data(shop.get(partner, "/resources/tools/search"))

    assert found["models"] == ["vendor/small", "partners-only", "any/chat"]
    assert "partners-only" in names(shop, partner)
    assert refused(shop.get(customer, "/resources/partners-only")) == (404, "not_found")


def test_a_model_is_a_resource_that_says_where_it_is_described(
    shop: Till, customer: Account
) -> None:
    found = data(shop.get(customer, "/resources/vendor/small"))

    assert (found["type"], found["tags"], found["models"]) == ("model", ["fast", "cheap"], [])
    assert data(shop.get(customer, found["url"].partition("/openapi/v1")[2]))["id"] == found["id"]
    assert data(shop.get(customer, "/resources/any/chat"))["models"] == ["large", "vendor/small"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"type": "mcp_server"}, ["tools/search"]),
        ({"type": "agent"}, []),
        ({"tag": "fast"}, ["vendor/small", "large", "tools/search"]),
        ({"tag": "fast", "type": "mcp_server"}, ["tools/search"]),
        ({"tag": ["fast", "web"]}, ["tools/search"]),
        ({"type": "skill", "tag": "web"}, []),
    ],
)
def test_filters_are_all_to_be_met(
    shop: Till, customer: Account, query: dict[str, Any], found: list[str]
) -> None:
    assert names(shop, customer, **query) == found


def test_pages_hold_every_entry_once(shop: Till, customer: Account) -> None:
    first = data(shop.get(customer, "/resources", limit=5))
    rest = data(shop.get(customer, "/resources", limit=5, cursor=first["next_cursor"]))

    assert rest["next_cursor"] is None
    assert [item["id"] for item in first["items"] + rest["items"]] == names(shop, customer)
    other = shop.get(customer, "/resources", tag="fast", cursor=first["next_cursor"])
    assert refused(other) == (422, "invalid_value")


@pytest.mark.parametrize("query", [{"type": "plugin"}, {"kind": "chat"}, {"limit": "x"}])
def test_what_no_filter_knows_is_refused(
    shop: Till, customer: Account, query: dict[str, Any]
) -> None:
    assert refused(shop.get(customer, "/resources", **query)) == (422, "invalid_value")


def test_what_is_not_there_is_not_found(shop: Till, customer: Account) -> None:
    assert refused(shop.get(customer, "/resources/none")) == (404, "not_found")
    assert refused(shop.get(customer, "/resources/unpriced")) == (404, "not_found")


def test_types_are_all_told_with_how_many_there_are(shop: Till, customer: Account) -> None:
    items = data(shop.get(customer, "/resource-types"))["items"]

    assert [(item["type"], item["count"]) for item in items] == [
        ("model", 6), ("mcp_server", 1), ("skill", 1), ("agent", 0),
    ]  # fmt: skip
    assert all(item["description"] for item in items)


def test_only_a_key_that_may_manage_sees_resources(shop: Till) -> None:
    account = shop.account(permissions=["inference"])

    for path in ("/resources", "/resources/summaries", "/resource-types"):
        assert refused(shop.get(account, path)) == (403, "permission_denied")
