"""Price lists, service tiers and tools: what customers are told they pay is what they pay."""

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.catalog.file import read_catalog
from domain.quote import Quote
from tests.api.helpers import TOKEN, data, refused
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

NANO = Decimal("0.000000001")
CATALOG = """
[[providers]]
name = "sandbox"
protocol = "sandbox"
[[models]]
id = "m"
context_tokens = 100000
max_output_tokens = 1000
list_price = { input = "1.5", output = "6", web_search = "10000" }
discount = "0.5"
service_tiers.flex = "0.5"
service_tiers.fast = { price = { output = "30" } }
above = [{ tokens = 1000, price = { input = "3" } }]
[[models.routes]]
provider = "sandbox"
model = "m"
[[models]]
id = "plain"
context_tokens = 1000
max_output_tokens = 1000
price = { input = "1", output = "1" }
[[models.routes]]
provider = "sandbox"
model = "plain"
[[price_lists]]
name = "gold"
discount = "0.333333333"
models = ["m"]
[[price_lists.prices]]
model = "plain"
price = { input = "0.7", output = "0.7" }
"""


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    file = folder / "tollbook.toml"
    file.write_text(CATALOG)
    with database(server_url) as url, till(url, str(folder), read_catalog(file, {})) as opened:
        yield opened


@pytest.fixture
def golden(shop: Till) -> Account:
    account = shop.account()
    assert put_on(shop, account, "gold").status_code == 200
    return account


def put_on(shop: Till, account: Account, price_list: object) -> httpx.Response:
    path = f"/admin/v1/customers/{account.customer_id}/price-list"
    return shop.request("PUT", path, TOKEN, json={"price_list": price_list})


def explained(shop: Till, account: Account, **asked: Any) -> dict[str, Any]:
    """Make a call, and give the explanation of its charge."""
    usage, served = asked.pop("usage"), asked.pop("served", None)
    quote = Quote(asked.pop("tokens", 5000), 100, clamps=False, **asked)
    held = shop.hold(account, "m", quote=quote)
    shop.charge(held, usage, service_tier=served)
    found: dict[str, Any] = data(shop.get(account, f"/billing/detail/req_{held.request_id.hex}"))
    return found


def test_a_customer_is_told_the_prices_of_the_list(shop: Till, golden: Account) -> None:
    other = shop.account()

    mine, theirs = (
        {rule["model"]: rule for rule in data(shop.get(each, "/billing/rules"))["items"]}
        for each in (golden, other)
    )

    assert theirs["m"]["prices"] == {"input": "0.75", "output": "3.00", "web_search": "5000.00"}
    assert theirs["m"]["list_prices"] == {
        "input": "1.50",
        "output": "6.00",
        "web_search": "10000.00",
    }
    assert theirs["m"]["multiplier"] == "0.50"
    assert theirs["m"]["above"] == [{"tokens": 1000, "price": {"input": "1.50"}}]
    assert theirs["m"]["service_tiers"] == {
        "flex": {"multiplier": "0.50"},
        "fast": {"price": {"output": "15.00"}},
    }
    assert mine["m"]["prices"]["input"] == "0.4999999995"
    assert mine["plain"]["prices"] == {"input": "0.70", "output": "0.70"}
    assert "multiplier" not in mine["plain"]
    assert theirs["plain"]["prices"] == {"input": "1.00", "output": "1.00"}


def test_one_rule_tells_what_each_component_costs(shop: Till, golden: Account) -> None:
    rule = data(shop.get(golden, "/billing/rules/m"))

    assert rule["components"]["cache_write_12h"] == {"price": "0.4999999995", "priced_as": "input"}
    assert rule["components"]["web_fetch"] == {"price": "0.00", "priced_as": None}


def test_everybody_is_told_the_public_prices(shop: Till) -> None:
    models = {
        model["id"]: model for model in shop.request("GET", "/api/v1/models", "").json()["data"]
    }

    assert models["m"]["pricing"]["input"] == "0.75"
    assert models["m"]["pricing"]["multiplier"] == "0.50"
    assert models["m"]["pricing"]["service_tiers"]["flex"] == {"multiplier": "0.50"}
    assert models["plain"]["pricing"] == {
        "currency": "USD",
        "per_units": 1_000_000,
        "input": "1.00",
        "output": "1.00",
    }


@pytest.mark.parametrize(
    ("asked", "usage", "served", "unrounded"),
    [
        ({}, {"input": 10, "output": 5}, None, "0.0000225"),
        ({}, {"input": 1000, "output": 5}, None, "0.000765"),
        ({}, {"input": 1001, "output": 5}, None, "0.0015165"),
        ({"service_tier": "flex"}, {"input": 10, "output": 5}, "flex", "0.00001125"),
        ({"service_tier": "flex"}, {"input": 10, "output": 5}, "standard", "0.0000225"),
        ({"service_tier": "fast"}, {"input": 10, "output": 5}, "fast", "0.0000825"),
        ({"extras": {"web_search": 2}}, {"input": 2, "web_search": 1}, None, "0.0050015"),
    ],
    ids=["plain", "at a step", "beyond a step", "flex", "flex downgraded", "fast", "a search"],
)
def test_an_explanation_comes_to_the_charge(
    shop: Till,
    asked: dict[str, Any],
    usage: dict[str, int],
    served: str | None,
    unrounded: str,
) -> None:
    public, golden = shop.account(), shop.account()
    put_on(shop, golden, "gold")
    for account, share in ((public, Decimal("0.5")), (golden, Decimal("0.333333333"))):
        shown = explained(shop, account, usage=usage, served=served, **asked)

        told = shown["explanation"]
        paid = Decimal(told["multiplied"])
        assert paid == Decimal(unrounded) * 2 * share
        assert paid == Decimal(told["sum"]) * Decimal(told["multiplier"])
        assert sum(Decimal(line["amount"]) for line in told["lines"]) == Decimal(told["sum"])
        assert told["recomputed"] == shown["amount"] == told["rounded"]
        assert Decimal(shown["amount"]) == paid.quantize(NANO, ROUND_HALF_EVEN)
        assert shown["held_for"]["recomputed"] == shown["hold"]
        assert shown["service_tier"] == told["service_tier"]


def test_an_explanation_names_the_step_and_the_tier(shop: Till, golden: Account) -> None:
    shown = explained(
        shop,
        golden,
        usage={"input": 1001},
        served="flex",
        service_tier="flex",
        extras={"web_search": 1},
    )

    assert shown["price_list"] == "gold"
    assert shown["explanation"]["prices_above_input_tokens"] == 1000
    assert shown["explanation"]["service_tier"] == "flex"
    assert shown["held_for"]["service_tier"] == "flex"
    assert shown["held_for"]["tool_requests"] == {"web_search": 1}
    assert shown["held_for"]["input_price"] == "0.999999999"


def test_a_list_is_given_and_taken_by_operators(shop: Till) -> None:
    account = shop.account()
    wallet = f"/admin/v1/customers/{account.customer_id}"

    answers = [data(put_on(shop, account, name)) for name in ("gold", "gold", None)]

    assert [answer["price_list"] for answer in answers] == ["gold", "gold", None]
    assert data(shop.request("GET", wallet, TOKEN))["price_list"] is None


@pytest.mark.parametrize(
    ("price_list", "expected"),
    [
        ("silver", (404, "not_found")),
        ("", (422, "invalid_value")),
        (5, (422, "invalid_value")),
    ],
)
def test_what_is_no_list_is_refused(
    shop: Till, price_list: object, expected: tuple[int, str]
) -> None:
    account = shop.account()

    assert refused(put_on(shop, account, price_list)) == expected


def test_a_list_of_nobody_is_not_found(shop: Till) -> None:
    path = f"/admin/v1/customers/cus_{'0' * 32}/price-list"

    answer = shop.request("PUT", path, TOKEN, json={"price_list": "gold"})

    assert refused(answer) == (404, "not_found")


def test_a_download_of_calls_tells_the_list_and_the_tier(shop: Till, golden: Account) -> None:
    explained(shop, golden, usage={"input": 1}, served="flex", service_tier="flex")

    answer = shop.get(golden, "/billing/detail.csv")

    head, line = (row.split(",") for row in answer.text.splitlines())
    row = dict(zip(head, line, strict=True))
    assert (row["price_list"], row["service_tier"]) == ("gold", "flex")


def test_a_version_is_shown_as_one_would_post_it(shop: Till) -> None:
    listed = data(shop.request("GET", "/admin/v1/price-versions", TOKEN))["items"]
    path = f"/admin/v1/price-versions/{listed[0]['price_version']}"

    shown = data(shop.request("GET", path, TOKEN))

    assert listed[0]["price_lists"] == ["gold"]
    assert shown["terms"]["m"]["discount"] == "0.50"
    version = shown.pop("price_version")
    posted = shop.request("POST", "/admin/v1/price-versions", TOKEN, json=shown)
    assert data(posted, 201) == {"price_version": version, **shown}
    assert refused(shop.request("GET", "/admin/v1/price-versions/pv_none", TOKEN)) == (
        404,
        "not_found",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"prices": {}},
        {"prices": {"m": {"input": "1"}}, "terms": {"n": {"discount": "0.5"}}},
        {"prices": {"m": {"input": "1"}}, "terms": {"m": {"discount": 0.5}}},
        {"prices": {"m": {"input": "1"}}, "price_lists": [{"name": "g", "discount": "1"}] * 2},
        {"prices": {"m": {"input": "1"}}, "price_lists": [
            {"name": "g", "prices": [{"model": "n", "discount": "1"}]}]},
        {"prices": {"m": {"inputs": "1"}}},
    ],
)  # fmt: skip
def test_a_draft_that_makes_no_sense_is_refused(shop: Till, body: dict[str, Any]) -> None:
    answer = shop.request("POST", "/admin/v1/price-versions", TOKEN, json=body)

    assert refused(answer) == (422, "invalid_value")


def test_what_if_rates_a_month_with_terms_and_lists(shop: Till) -> None:
    account = shop.account()
    put_on(shop, account, "gold")
    explained(shop, account, usage={"input": 300}, served="flex", service_tier="flex")
    asked = {
        "period": shop.month,
        "customer_id": account.customer_id,
        "prices": {"m": {"input": "3"}},
        "terms": {"m": {"service_tiers": {"flex": "0.25"}}},
        "price_lists": [{"name": "gold", "discount": "0.1"}],
    }

    found = data(shop.request("POST", "/admin/v1/what-if", TOKEN, json=asked))

    assert found["charged"] == "0.000075"
    assert found["would_be"] == "0.0000225"


def test_prices_without_a_customers_list_leave_a_month_as_it_was(shop: Till) -> None:
    account = shop.account()
    put_on(shop, account, "gold")
    explained(shop, account, usage={"input": 300})
    asked = {
        "period": shop.month,
        "customer_id": account.customer_id,
        "prices": {"m": {"input": "300"}},
    }

    found = data(shop.request("POST", "/admin/v1/what-if", TOKEN, json=asked))

    assert found["would_be"] == found["charged"] != "0.00"
    assert found["unpriced_calls"] == 1
