"""A customer sees and changes what it asks of routing."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.adapters.ledger.database import fields, log_of
from tests.api.counter import Counter, counter
from tests.api.openapi.till import Account

PATH = "/openapi/v1/routing/policy"
AUTOMATIC: Any = {"mode": "automatic", "model_ids": []}
NONE = {"regions": [], "fallback": True, "retries": 0, "rollout": [], "models": []}


@pytest.fixture
def desk(database_url: str, tmp_path: Any) -> Iterator[Counter]:
    with counter(database_url, str(tmp_path)) as running:
        yield running


def patch(desk: Counter, account: Account, **changes: Any) -> httpx.Response:
    return desk.request("PATCH", PATH, account.secret, json=changes)


def policy(desk: Counter, account: Account) -> dict[str, Any]:
    found: dict[str, Any] = desk.get(account, "/routing/policy").json()["data"]
    return found


def test_at_first_nothing_is_asked(desk: Counter) -> None:
    account = desk.account()

    expected = {"customer_id": account.customer_id, **NONE, "model_scope": AUTOMATIC}
    assert policy(desk, account) == expected


def test_what_is_given_changes_and_the_rest_stays(desk: Counter) -> None:
    account = desk.account()
    steps = [{"model": "sandbox-large", "percent": 5}]

    patch(desk, account, retries=2, rollout=steps)
    answer = patch(desk, account, models=["sandbox-small"])

    expected = {**NONE, "retries": 2, "rollout": steps, "models": ["sandbox-small"]}
    assert answer.status_code == 200
    assert answer.json()["data"] == policy(desk, account)
    assert expected.items() <= policy(desk, account).items()
    patch(desk, account, rollout=[])
    assert policy(desk, account)["rollout"] == []


def test_a_change_names_the_key_that_made_it(desk: Counter, database_url: str) -> None:
    account = desk.account()

    patch(desk, account, retries=2)

    (change,) = [row for row in log_of(database_url) if "routing_changed" in row.topic]
    assert fields(change)["actor"] == account.key_id


@pytest.mark.parametrize(
    "changes", [{}, {"retries": 9}, {"models": ["z"]}, {"regions": ["moon"]}, {"x": 1}]
)
def test_a_change_that_makes_no_sense_is_refused_and_nothing_changes(
    desk: Counter, changes: dict[str, Any]
) -> None:
    account = desk.account()

    answer = patch(desk, account, **changes)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_value")
    assert NONE.items() <= policy(desk, account).items()


def test_a_scope_says_the_models_and_what_is_wrong_with_it_is_said_of_the_scope(
    desk: Counter,
) -> None:
    account = desk.account()
    one = {"mode": "single", "model_ids": ["sandbox-small"]}

    changed = patch(desk, account, model_scope=one).json()["data"]
    refused = patch(desk, account, model_scope={**one, "model_ids": ["zz"]})

    assert (changed["models"], changed["model_scope"]) == (["sandbox-small"], one)
    assert refused.status_code == 422
    assert refused.json()["message"] == "'model_scope': there is no 'zz'."
    assert policy(desk, account) == changed
    both = patch(desk, account, model_scope=one, models=["sandbox-large"])
    assert "not both" in both.json()["message"]


def test_a_customer_has_its_own_policy(desk: Counter) -> None:
    one, two = desk.account(), desk.account()

    patch(desk, one, retries=2)

    assert (policy(desk, one)["retries"], policy(desk, two)["retries"]) == (2, 0)
