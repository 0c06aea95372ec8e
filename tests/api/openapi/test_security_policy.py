"""A customer sees and changes what is refused, masked and kept of its calls."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.adapters.ledger.database import fields, log_of
from tests.api.counter import Counter, counter
from tests.api.openapi.till import Account
from tests.projections.history import database

PATH = "/openapi/v1/security/policy"
RULE = {"id": "names", "term": "Project Falcon", "action": "mask"}
NONE = {
    "content_rules": [],
    "masks": [],
    "logging": {"enabled": False},
    "retention_days": 30,
    "model_scope": {"mode": "automatic", "model_ids": []},
}
SMALL = {"mode": "single", "model_ids": ["sandbox-small"]}


@pytest.fixture(scope="module")
def desk(
    server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counter]:
    folder = str(tmp_path_factory.mktemp("desk"))
    with database(server_url, template) as url, counter(url, folder) as running:
        yield running


def patch(desk: Counter, account: Account, **changes: Any) -> httpx.Response:
    return desk.request("PATCH", PATH, account.secret, json=changes)


def policy(desk: Counter, account: Account) -> dict[str, Any]:
    found: dict[str, Any] = desk.get(account, "/security/policy").json()["data"]
    return found


def rule_texts(desk: Counter) -> list[str]:
    with psycopg.connect(desk.url) as conn:
        query = "SELECT body FROM erasable_texts WHERE kind = 'content_rules'"
        return [body for (body,) in conn.execute(query)]


def test_at_first_nothing_is_asked_and_nothing_is_kept(desk: Counter) -> None:
    account = desk.account()

    found = policy(desk, account)

    assert found.pop("rules").keys() == {"content_rules", "masks", "logging", "model_scope"}
    assert found == {"customer_id": account.customer_id, **NONE}


def test_what_is_given_changes_and_the_rest_stays(desk: Counter) -> None:
    account = desk.account()

    patch(desk, account, masks=["phone", "email", "email"], retention_days=7)
    patch(desk, account, content_rules=[RULE])
    answer = patch(desk, account, model_scope=SMALL, logging={"enabled": True})

    expected = {
        "content_rules": [RULE],
        "masks": ["email", "phone"],
        "logging": {"enabled": True},
        "retention_days": 7,
        "model_scope": SMALL,
    }
    assert answer.status_code == 200
    assert answer.json()["data"] == policy(desk, account)
    assert expected.items() <= policy(desk, account).items()
    patch(desk, account, masks=[], content_rules=[], model_scope={"mode": "automatic"})
    assert policy(desk, account)["content_rules"] == policy(desk, account)["masks"] == []
    assert policy(desk, account)["model_scope"] == NONE["model_scope"]


def test_a_terms_text_is_kept_where_it_can_be_erased_and_only_while_it_is_in_force(
    desk: Counter,
) -> None:
    account = desk.account()

    for term in ("Xanadu One", "Xanadu Two"):
        patch(desk, account, content_rules=[{**RULE, "term": f"  {term} "}])
    assert [text for text in rule_texts(desk) if "Xanadu" in text] == [
        '[{"id":"names","term":"Xanadu Two","action":"mask"}]'
    ]
    assert "Xanadu" not in desk.log()
    patch(desk, account, content_rules=[])

    assert not [text for text in rule_texts(desk) if "Xanadu" in text]


def test_a_change_names_the_key_that_made_it(desk: Counter) -> None:
    account = desk.account()

    patch(desk, account, retention_days=9)

    *_, change = [row for row in log_of(desk.url) if "security_changed" in row.topic]
    assert fields(change)["actor"] == account.key_id


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"x": 1},
        {"masks": ["passport"]},
        {"logging": {}},
        {"logging": True},
        {"retention_days": 0},
        {"retention_days": 3651},
        {"model_scope": {"mode": "single", "model_ids": ["z"]}},
        {"model_scope": {"mode": "single", "model_ids": []}},
        {"model_scope": {"mode": "single", "model_ids": ["sandbox-small", "sandbox-large"]}},
        {"model_scope": {"mode": "selected", "model_ids": []}},
        {"model_scope": {"mode": "automatic", "model_ids": ["sandbox-small"]}},
        {"content_rules": [RULE, RULE]},
        {"content_rules": [{**RULE, "id": "No Spaces"}]},
        {"content_rules": [{**RULE, "term": " "}]},
        {"content_rules": [{**RULE, "term": "a\nb"}]},
        {"content_rules": [{**RULE, "term": "\u00ad\u200b"}]},
        {"content_rules": [{**RULE, "action": "log"}]},
        {"content_rules": [{**RULE, "id": f"r{number}"} for number in range(101)]},
    ],
)
def test_a_change_that_makes_no_sense_is_refused_and_nothing_changes(
    desk: Counter, changes: dict[str, Any]
) -> None:
    account = desk.account()

    answer = patch(desk, account, **changes)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_value")
    assert NONE.items() <= policy(desk, account).items()


def test_a_refusal_does_not_repeat_a_term(desk: Counter) -> None:
    answer = patch(desk, desk.account(), content_rules=[{**RULE, "term": "Xanadu\nThree"}])

    assert answer.status_code == 422
    assert "Xanadu" not in answer.text


def test_a_customer_has_its_own_policy(desk: Counter) -> None:
    one, two = desk.account(), desk.account()

    patch(desk, one, masks=["email"], content_rules=[RULE])

    assert policy(desk, one)["masks"] == ["email"]
    assert NONE.items() <= policy(desk, two).items()


def test_rules_whose_text_is_gone_refuse_rather_than_let_through(desk: Counter) -> None:
    account = desk.account()
    patch(desk, account, content_rules=[RULE])
    with psycopg.connect(desk.url) as conn:
        conn.execute("DELETE FROM erasable_texts WHERE kind = 'content_rules'")

    call = desk.request(
        "POST",
        "/v1/chat/completions",
        account.secret,
        json={"model": "sandbox-small", "messages": [{"role": "user", "content": "Hello"}]},
    )

    assert (call.status_code, call.json()["error"]["code"]) == (503, "policy_changed")
    shown = desk.get(account, "/security/policy")
    assert (shown.status_code, shown.json()["code"]) == (503, "policy_changed")
    assert patch(desk, account, content_rules=[]).status_code == 200


def test_the_routing_policy_has_a_scope_that_says_its_models_in_another_way(desk: Counter) -> None:
    account = desk.account()
    path = "/openapi/v1/routing/policy"

    changed = desk.request("PATCH", path, account.secret, json={"model_scope": SMALL})
    both = {"model_scope": SMALL, "models": ["sandbox-small"]}
    refused = desk.request("PATCH", path, account.secret, json=both)

    data = changed.json()["data"]
    assert (data["models"], data["model_scope"]) == (["sandbox-small"], SMALL)
    assert refused.status_code == 422
    again = {"model_scope": {"mode": "automatic"}}
    desk.request("PATCH", path, account.secret, json=again)
    assert desk.get(account, "/routing/policy").json()["data"]["models"] == []


def test_there_is_no_content_of_what_is_no_call(desk: Counter) -> None:
    account = desk.account()
    patch(desk, account, logging={"enabled": True})

    for request_id in ("req_" + "0" * 32, "nonsense"):
        answer = desk.get(account, f"/observation/logs/{request_id}/content")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
