"""Operators set a customer's routing policy as a whole, and see what stands."""

from typing import Any

import httpx
import pytest

from api.catalog.file import parse_catalog
from tests.adapters.ledger.database import fields, log_of
from tests.api.helpers import Office, data, office, refused

CATALOG = """
[[providers]]
name = "one"
protocol = "sandbox"
region = "eu"
[[models]]
id = "a"
context_tokens = 1000
max_output_tokens = 100
price = { input = "1", output = "1" }
[[models.routes]]
provider = "one"
model = "a"
"""
NONE = {"regions": [], "fallback": True, "retries": 0, "rollout": [], "models": []}
FULL = {
    "regions": ["eu"],
    "fallback": False,
    "retries": 3,
    "rollout": [{"model": "a", "percent": 25}],
    "models": ["a"],
}


@pytest.fixture
def clerk(database_url: str) -> Any:
    with office(database_url) as clerk:
        clerk.desk.catalog = parse_catalog(CATALOG, {}, file="f").catalog
        yield clerk


def path_of(clerk: Office) -> str:
    return f"/customers/{clerk.new_customer()}/routing-policy"


def put(clerk: Office, path: str, body: dict[str, Any]) -> httpx.Response:
    return clerk.request("PUT", f"/admin/v1{path}", json=body)


def test_a_policy_is_replaced_as_a_whole_and_can_be_seen(clerk: Office) -> None:
    path = path_of(clerk)
    owner = {"customer_id": path.split("/")[2]}

    assert data(clerk.get(path)) == {**owner, **NONE}
    assert data(put(clerk, path, FULL)) == {**owner, **FULL}
    assert data(clerk.get(path)) == {**owner, **FULL}
    assert data(put(clerk, path, {"retries": 1})) == {**owner, **NONE, "retries": 1}
    assert data(put(clerk, path, {})) == {**owner, **NONE}


def test_every_change_is_a_fact_that_names_its_actor(clerk: Office, database_url: str) -> None:
    path = path_of(clerk)
    put(clerk, path, FULL)
    put(clerk, path, FULL)

    (change,) = [row for row in log_of(database_url) if "routing_changed" in row.topic]
    assert change.topic == "customer.routing_changed.1"
    assert {**FULL, "rollout": {"a": 25}, "actor": "operator"}.items() <= fields(change).items()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"regions": ["moon"]}, "regions"),
        ({"models": ["a", "z"]}, "models"),
        ({"rollout": [{"model": "z", "percent": 1}]}, "rollout"),
        ({"rollout": [{"model": "a", "percent": 101}]}, "rollout[0].percent"),
        ({"rollout": [{"model": "a", "percent": -1}]}, "rollout[0].percent"),
        ({"rollout": [{"model": "a", "percent": 1}] * 2}, "rollout"),
        ({"rollout": {"a": 1}}, "rollout"),
        ({"retries": 4}, "retries"),
        ({"retries": -1}, "retries"),
        ({"retries": True}, "retries"),
        ({"fallback": 1}, "fallback"),
        ({"fallback": None}, "fallback"),
        ({"region": ["eu"]}, "region"),
        ({"models": ["x" * 257]}, "models[0]"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_and_nothing_changes(
    clerk: Office, body: dict[str, Any], param: str
) -> None:
    path = path_of(clerk)

    answer = put(clerk, path, body)

    assert refused(answer) == (422, "invalid_value")
    assert f"'{param}'" in answer.json()["message"]
    assert NONE.items() <= data(clerk.get(path)).items()


def test_a_region_is_listed_once_and_a_model_too(clerk: Office) -> None:
    path = path_of(clerk)

    found = data(put(clerk, path, {"regions": ["eu", "eu"], "models": ["a", "a"]}))

    assert (found["regions"], found["models"]) == (["eu"], ["a"])


def test_whoever_is_not_there_has_no_policy(clerk: Office) -> None:
    path = f"/customers/cus_{'0' * 32}/routing-policy"

    assert refused(clerk.get(path)) == (404, "not_found")
    assert refused(put(clerk, path, FULL)) == (404, "not_found")
