"""Billing rules: the prices in force, since when, and nothing of what suppliers bill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import manage
from domain.price_page import plain_page
from tests.api.helpers import data, refused
from tests.api.openapi.till import Account, Till, till


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Till]:
    with till(database_url, str(tmp_path)) as opened:
        yield opened


@pytest.fixture
def customer(shop: Till) -> Account:
    return shop.account()


def test_every_priced_model_has_a_rule(shop: Till, customer: Account) -> None:
    found = data(shop.get(customer, "/billing/rules"))

    rules = {rule["model"]: rule for rule in found["items"]}
    assert list(rules) == sorted(model.id for model in shop.gateway.catalog.priced())
    small = rules["sandbox-small"]
    assert small["prices"] == {"cached_input": "0.075", "input": "0.15", "output": "0.60"}
    assert (found["currency"], found["price_units"], found["rounding"]) == (
        "USD", 1_000_000, "half_even",
    )  # fmt: skip


def test_one_rule_names_what_each_component_is_priced_as(shop: Till, customer: Account) -> None:
    rule = data(shop.get(customer, "/billing/rules/sandbox/echo"))

    assert rule["components"]["cache_write_5m"] == {"price": "0.01", "priced_as": "input"}
    assert rule["components"]["reasoning"] == {"price": "0.02", "priced_as": "output"}
    assert rule["components"]["request"] == {"price": "0.00", "priced_as": None}


def test_a_price_is_in_force_since_it_last_changed(shop: Till, customer: Account) -> None:
    before = {r["model"]: r for r in data(shop.get(customer, "/billing/rules"))["items"]}
    models = shop.gateway.catalog.models.values()
    cards = {model.id: dict(model.prices) for model in models} | {"sandbox-small": {"input": 1}}
    shop.do(manage.publish_prices(0, plain_page(cards), currency="USD", actor="test"))

    after = {r["model"]: r for r in data(shop.get(customer, "/billing/rules"))["items"]}

    assert after["sandbox-small"]["prices"] == {"input": "0.000000001"}
    assert after["sandbox-small"]["in_force_since"] > before["sandbox-small"]["in_force_since"]
    assert after["sandbox-large"]["in_force_since"] == before["sandbox-large"]["in_force_since"]
    assert len({rule["price_version"] for rule in after.values()}) == 1
    assert after["sandbox-large"]["price_version"] != before["sandbox-large"]["price_version"]


def test_a_model_without_a_price_is_not_found(shop: Till, customer: Account) -> None:
    assert refused(shop.get(customer, "/billing/rules/none")) == (404, "model_not_found")
    assert refused(shop.get(customer, "/billing/rules", model="x")) == (422, "invalid_value")
