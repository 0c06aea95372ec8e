"""Copies and new secrets of keys, used Idempotency-Keys, and what a key can call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain import manage
from domain.decision import Decision
from domain.ports import Books
from domain.quota import Quota
from tests.api.helpers import data, refused
from tests.api.openapi.keyring import CALL, KEYS, another, ask, holder, look, make, send
from tests.api.openapi.till import NANOS, SMALL, Account, Till, till
from tests.projections.history import database


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture
def ada(shop: Till) -> Account:
    return shop.account()


def access(shop: Till, by: Account, key_id: str) -> dict[str, list[str]]:
    """Why a key cannot call each model, by the model."""
    found = data(send(shop, "GET", by, f"/{key_id}/model-access"))
    for item in found["items"]:
        assert item["callable"] is not bool(item["blocking_reasons"])
    return {i["model"]: [r["code"] for r in i["blocking_reasons"]] for i in found["items"]}


def test_a_rotated_key_is_the_same_key_with_another_secret(shop: Till, ada: Account) -> None:
    made = make(shop, ada, name="ci", quota={"amount": "5", "window": "none"})
    shop.call(holder(ada, made), {"input": 10_000})
    before = look(shop, ada, made["api_key_id"])

    rotated = data(send(shop, "POST", ada, f"/{made['api_key_id']}/rotate"))

    secret = rotated["api_key"]
    assert secret != made["api_key"]
    after = look(shop, ada, made["api_key_id"])
    assert after == {**before, "display": secret[:11]}
    assert (ask(shop, made["api_key"]).status_code, ask(shop, secret).status_code) == (401, 200)
    assert rotated["previous_secret_ends_at"] > before["created_at"]


def test_with_a_grace_both_secrets_work_until_the_key_is_rotated_again(
    shop: Till, ada: Account
) -> None:
    made = make(shop, ada)
    path = f"/{made['api_key_id']}/rotate"

    second = data(send(shop, "POST", ada, path, {"grace_seconds": 3600}))["api_key"]
    assert [ask(shop, secret).status_code for secret in (made["api_key"], second)] == [200, 200]
    third = data(send(shop, "POST", ada, path))["api_key"]

    secrets = (made["api_key"], second, third)
    assert [ask(shop, secret).status_code for secret in secrets] == [401, 401, 200]


@pytest.mark.parametrize("grace", [-1, 86_401, "60", 1.5, None])
def test_a_grace_is_at_most_a_day(shop: Till, ada: Account, grace: object) -> None:
    answer = send(shop, "POST", ada, f"/{ada.key_id}/rotate", {"grace_seconds": grace})

    assert refused(answer) == (422, "invalid_value")
    assert ask(shop, ada.secret).status_code == 200


def test_a_key_rotates_itself(shop: Till, ada: Account) -> None:
    secret = data(send(shop, "POST", ada, f"/{ada.key_id}/rotate"))["api_key"]

    assert refused(send(shop, "GET", ada)) == (401, "invalid_api_key")
    assert shop.request("GET", KEYS, secret).is_success


def test_a_key_of_before_keys_knew_their_secrets_is_rotated(shop: Till, ada: Account) -> None:
    made = make(shop, ada)
    user = holder(ada, made)

    def forget(books: Books) -> None:
        key = manage.must_find(books, manage.ApiKey, user.who.key_id, "key")
        key.credential_id = None

    shop.do(Decision((user.who.key_id,), forget))
    data(send(shop, "POST", ada, f"/{made['api_key_id']}/rotate"))

    assert ask(shop, user.secret).status_code == 401
    assert shop.log().count(user.who.credential_id.hex) == 2  # as created, and as replaced


def test_a_copy_has_the_same_terms_and_its_own_secret_and_spending(
    shop: Till, ada: Account
) -> None:
    made = make(
        shop, ada, name="ci", quota={"amount": "5"}, tags={"team": "a"}, permissions=["inference"],
        allowed_model_ids=[SMALL], limits={"parallel_calls": 2}, expires_at="2999-01-01T00:00:00Z",
    )  # fmt: skip
    shop.call(holder(ada, made), {"input": 10_000})
    path = f"/{made['api_key_id']}/copy"

    copy = data(send(shop, "POST", ada, path), 201)
    named = data(send(shop, "POST", ada, path, {"name": "other"}), 201)

    same = ("quota", "tags", "permissions", "model_scope", "limits", "expires_at", "name")
    assert {name: copy[name] for name in same} == {name: made[name] for name in same}
    assert (copy["usage"]["spent"], copy["usage"]["remaining"]) == ("0.00", "5.00")
    assert named["name"] == "other"
    assert len({made["api_key"], copy["api_key"], named["api_key"]}) == 3
    assert ask(shop, copy["api_key"]).status_code == 200


def test_no_key_comes_by_more_than_it_has_through_a_copy_or_another_secret(
    shop: Till, ada: Account
) -> None:
    narrow = another(shop, ada, allowed_model_ids=[SMALL])

    for action in ("copy", "rotate"):
        answer = send(shop, "POST", narrow, f"/{ada.key_id}/{action}")
        assert refused(answer) == (403, "exceeds_own_key")
    assert ask(shop, ada.secret).status_code == 200


@pytest.mark.parametrize("action", ["", "/copy", "/rotate"])
def test_a_used_idempotency_key_makes_no_second_secret(
    shop: Till, ada: Account, action: str
) -> None:
    target = make(shop, ada)["api_key_id"]
    path = f"{KEYS}/{target}{action}" if action else KEYS
    fields: dict[str, Any] = {"grace_seconds": 5} if action == "/rotate" else {"name": "once"}
    other: dict[str, Any] = {"grace_seconds": 6} if action == "/rotate" else {"name": "twice"}

    def post(by: Account, body: dict[str, Any]) -> Any:
        headers = {"Idempotency-Key": "k1"}
        return shop.request("POST", path, by.secret, json=body, headers=headers)

    first = post(ada, fields)
    before = shop.log()
    again, changed = post(ada, fields), post(ada, other)

    assert first.is_success, first.text
    assert refused(again) == (409, "idempotency_conflict")
    assert data(first, first.status_code)["api_key_id"] in again.json()["message"]
    assert first.json()["data"]["api_key"] not in again.text
    assert refused(changed) == (422, "idempotency_key_reused")
    assert shop.log() == before
    if not action:
        assert post(shop.account(), fields).status_code == 201


def test_what_a_key_can_call_is_told_by_what_a_call_would_be_refused_with(
    shop: Till, ada: Account
) -> None:
    scoped = another(shop, ada, allowed_model_ids=[SMALL])
    empty = another(shop, ada, quota={"amount": "0"})
    manager = another(shop, ada, permissions=["manage"])

    free = access(shop, ada, ada.key_id)
    assert not any(free.values())
    narrowed = access(shop, ada, scoped.key_id)
    assert narrowed[SMALL] == []
    assert {tuple(reasons) for model, reasons in narrowed.items() if model != SMALL} >= {
        ("model_not_allowed",)
    }
    for key, code in ((empty, "key_quota_exhausted"), (manager, "permission_denied")):
        assert access(shop, ada, key.key_id)[SMALL] == [code]
        assert ask(shop, key.secret).json()["error"]["code"] == code

    data(send(shop, "DELETE", ada, f"/{scoped.key_id}"))
    assert access(shop, ada, scoped.key_id)[SMALL] == ["api_key_disabled"]
    shop.do(manage.freeze_wallet(ada.who.wallet_id, frozen=True, actor="test"))
    assert access(shop, ada, ada.key_id)[SMALL] == ["wallet_frozen"]


def test_a_key_whose_quota_fits_no_call_more_is_told_of_so_only_then(
    shop: Till,
) -> None:
    rich = shop.account(quota=Quota(NANOS))
    assert access(shop, rich, rich.key_id)[SMALL] == []

    send(shop, "PATCH", rich, f"/{rich.key_id}", {"quota": {"amount": "0.000000001"}})

    assert access(shop, rich, rich.key_id)[SMALL] == ["key_quota_exhausted"]
    assert ask(shop, rich.secret).status_code == 402
    assert CALL["model"] == SMALL
