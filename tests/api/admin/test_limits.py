"""Operators limit keys and customers, and see what they set."""

from typing import Any

import httpx
import pytest

from tests.adapters.ledger.database import fields, log_of
from tests.api.helpers import Office, data, office, refused

FULL = {"requests_per_minute": 60, "tokens_per_minute": 100_000, "parallel_calls": 4}
NONE = dict.fromkeys(FULL)


def put(clerk: Office, path: str, body: dict[str, Any]) -> httpx.Response:
    return clerk.request("PUT", f"/admin/v1{path}", json=body)


def paths(clerk: Office) -> tuple[str, str]:
    """A new customer's limits, and those of a new key of it."""
    customer = f"/customers/{clerk.new_customer()}"
    key = data(clerk.post(f"{customer}/api-keys", {"name": "ci"}), 201)["api_key_id"]
    return f"{customer}/limits", f"/api-keys/{key}/limits"


def test_limits_are_replaced_as_a_whole_and_can_be_seen(database_url: str) -> None:
    with office(database_url) as clerk:
        for path in paths(clerk):
            name = "customer_id" if path.startswith("/customers") else "api_key_id"
            owner = {name: path.split("/")[2]}

            assert data(clerk.get(path)) == {**owner, **NONE}
            assert data(put(clerk, path, FULL)) == {**owner, **FULL}
            assert data(clerk.get(path)) == {**owner, **FULL}
            some = {"parallel_calls": 1, "tokens_per_minute": None}
            assert data(put(clerk, path, some)) == {**owner, **NONE, "parallel_calls": 1}
            assert data(put(clerk, path, {})) == {**owner, **NONE}


def test_every_change_is_a_fact_that_names_its_actor(database_url: str) -> None:
    with office(database_url) as clerk:
        for path in paths(clerk):
            put(clerk, path, FULL)
            put(clerk, path, FULL)

    changes = [row for row in log_of(database_url) if "limits_changed" in row.topic]
    assert [row.topic for row in changes] == [
        "customer.limits_changed.1",
        "api_key.limits_changed.1",
    ]
    for row in changes:
        assert {**FULL, "actor": "operator"}.items() <= fields(row).items()


def test_a_key_may_be_created_with_limits(database_url: str) -> None:
    with office(database_url) as clerk:
        keys = f"/customers/{clerk.new_customer()}/api-keys"
        limited = data(clerk.post(keys, {"name": "ci", "limits": {"parallel_calls": 2}}), 201)
        free = data(clerk.post(keys, {"name": "ci"}), 201)
        seen = data(clerk.get(f"/api-keys/{limited['api_key_id']}/limits"))

    assert limited["limits"] == {**NONE, "parallel_calls": 2}
    assert free["limits"] == NONE
    assert seen["parallel_calls"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {"requests_per_minute": 0},
        {"requests_per_minute": -1},
        {"tokens_per_minute": 30_000_001},
        {"tokens_per_minute": 1.5},
        {"tokens_per_minute": "10"},
        {"parallel_calls": True},
        {"parallel_calls": 10**7},
        {"per_day": 1},
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(database_url: str, body: dict[str, Any]) -> None:
    with office(database_url) as clerk:
        for path in paths(clerk):
            assert refused(put(clerk, path, body)) == (422, "invalid_value")


def test_whoever_is_not_there_has_no_limits(database_url: str) -> None:
    nobody = "0" * 32
    with office(database_url) as clerk:
        for path in (
            f"/customers/cus_{nobody}/limits",
            f"/api-keys/key_{nobody}/limits",
            "/api-keys/x/limits",
        ):
            assert refused(clerk.get(path)) == (404, "not_found")
            assert refused(put(clerk, path, FULL)) == (404, "not_found")
