"""A customer's keys over HTTP: shown once, changed for the next call, never above their maker."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.minting import mint
from api.shard import SHARD
from domain import ids, manage
from domain.money import parse_amount
from projections.read_customers import KEY_NAME
from tests.api.helpers import data, refused
from tests.api.openapi.keyring import another, ask, holder, look, make, send
from tests.api.openapi.till import NANOS, SMALL, Account, Till, new_key, till
from tests.projections.history import database


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture
def ada(shop: Till) -> Account:
    return shop.account()


def names_of(shop: Till, subject_id: UUID) -> list[str]:
    with psycopg.connect(shop.url) as conn:
        query = "SELECT body FROM erasable_texts WHERE (subject_id, kind) = (%s, %s)"
        return [body for (body,) in conn.execute(query, (subject_id, KEY_NAME))]


def test_a_key_is_shown_once_and_told_of_ever_after(shop: Till, ada: Account) -> None:
    fields = {
        "name": "laptop",
        "allowed_model_ids": [SMALL],
        "quota": {"amount": "2.5", "window": "month"},
        "permissions": ["inference"],
        "tags": {"team": "a"},
        "expires_at": "2999-01-01T00:00:00Z",
        "limits": {"parallel_calls": 3},
    }

    made = make(shop, ada, **fields)
    secret = made.pop("api_key")

    assert made == look(shop, ada, made["api_key_id"])
    assert secret.startswith(made["display"])
    assert {name: made[name] for name in ("name", "permissions", "tags")} == {
        name: fields[name] for name in ("name", "permissions", "tags")
    }
    assert made["model_scope"] == {"mode": "single", "model_ids": [SMALL]}
    assert made["quota"] == {"amount": "2.50", "window": "month"}
    assert (made["usage"]["remaining"], made["usage"]["window"]) == ("2.50", shop.month)
    assert made["usage"]["resets_at"].endswith("-01T00:00:00Z")
    assert made["limits"]["parallel_calls"] == 3
    assert (made["status"], made["last_used_at"], made["disabled_at"]) == ("active", None, None)
    assert secret not in send(shop, "GET", ada).text + shop.log()


@pytest.mark.parametrize(
    ("models", "mode"),
    [([], "automatic"), ([SMALL], "single"), ([SMALL, "sandbox/echo"], "selected")],
)
def test_the_scope_is_told_by_its_mode(
    shop: Till, ada: Account, models: list[str], mode: str
) -> None:
    made = make(shop, ada, allowed_model_ids=models)

    assert made["model_scope"] == {"mode": mode, "model_ids": models}


def test_what_is_left_out_of_a_change_stays_and_an_empty_list_is_automatic(
    shop: Till, ada: Account
) -> None:
    made = make(
        shop, ada, allowed_model_ids=[SMALL], quota={"amount": "1"}, tags={"team": "a"},
        expires_at="2999-01-01T00:00:00Z", limits={"parallel_calls": 3},
    )  # fmt: skip
    del made["api_key"]
    path = f"/{made['api_key_id']}"

    assert data(send(shop, "PATCH", ada, path, {"name": "new"})) == {**made, "name": "new"}
    freed = data(send(shop, "PATCH", ada, path, {"allowed_model_ids": []}))
    bare = data(
        send(
            shop,
            "PATCH",
            ada,
            path,
            {"quota": None, "expires_at": None, "limits": None, "tags": {}},
        )
    )

    assert freed["model_scope"] == {"mode": "automatic", "model_ids": []}
    assert freed["quota"] == made["quota"]
    assert (bare["quota"], bare["expires_at"], bare["tags"]) == (None, None, {})
    assert bare["usage"]["remaining"] is None
    assert set(bare["limits"].values()) == {None}
    assert bare["name"] == "new"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": None},
        {"name": ""},
        {"allowed_model_ids": None},
        {"allowed_model_ids": ["gpt-5"]},
        {"permissions": []},
        {"permissions": None},
        {"quota": {"amount": "-1"}},
        {"quota": {"amount": 1}},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"allowed_providers": ["sandbox"]},
        {"disabled": True},
    ],
)
def test_a_change_at_fault_changes_nothing(shop: Till, ada: Account, fields: Any) -> None:
    before = look(shop, ada, ada.key_id)

    assert refused(send(shop, "PATCH", ada, f"/{ada.key_id}", fields)) == (422, "invalid_value")

    assert look(shop, ada, ada.key_id) == before


def test_a_name_that_is_replaced_is_gone_from_the_database(shop: Till, ada: Account) -> None:
    made = make(shop, ada, name="Ada's laptop")
    key_id = UUID(made["api_key_id"].removeprefix("key_"))
    assert names_of(shop, key_id) == ["Ada's laptop"]

    data(send(shop, "PATCH", ada, f"/{made['api_key_id']}", {"name": "Bob's laptop"}))

    assert names_of(shop, key_id) == []
    assert look(shop, ada, made["api_key_id"])["name"] == "Bob's laptop"
    assert "laptop" not in shop.log()


def test_what_was_spent_and_held_and_when_it_was_last_used_is_told(
    shop: Till, ada: Account
) -> None:
    made = make(shop, ada, quota={"amount": "5", "window": "day"})
    user = holder(ada, made)
    shop.call(user, {"input": 10_000})
    held = shop.hold(user)

    seen = look(shop, ada, made["api_key_id"])

    spent, kept, left = (
        parse_amount(seen["usage"][name]) for name in ("spent", "held", "remaining")
    )
    assert (kept, spent + kept + left) == (held.amount, 5 * NANOS)
    assert spent > 0
    assert seen["last_used_at"] > seen["created_at"]
    assert look(shop, ada, ada.key_id)["last_used_at"] is None


def test_keys_are_listed_by_pages_and_by_status(shop: Till, ada: Account) -> None:
    made = [make(shop, ada)["api_key_id"] for _ in range(3)]
    send(shop, "DELETE", ada, f"/{made[0]}")

    def page(**query: Any) -> dict[str, Any]:
        return data(shop.get(ada, "/api-keys", **query))

    first = page(limit=3)
    second = page(limit=3, cursor=first["next_cursor"])
    listed = [key["api_key_id"] for key in first["items"] + second["items"]]

    assert listed == [*reversed(made), ada.key_id]
    assert second["next_cursor"] is None
    assert [key["api_key_id"] for key in page(status="disabled")["items"]] == [made[0]]
    assert len(page(status="active")["items"]) == 3
    assert page(status="expired")["items"] == []
    stray = shop.get(ada, "/api-keys", cursor=first["next_cursor"], status="active")
    assert refused(stray) == (422, "invalid_value")


def test_an_expired_key_is_listed_as_such(shop: Till, ada: Account) -> None:
    who = replace(ada.who, key_id=mint(SHARD), credential_id=mint(SHARD))
    over = new_key(who, "tb_0000expired", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    shop.do(manage.create_key(who.customer_id, who.wallet_id, over))

    items = data(shop.get(ada, "/api-keys", status="expired"))["items"]

    assert [(key["api_key_id"], key["status"]) for key in items] == [
        (ids.public(ids.KEY, who.key_id), "expired")
    ]
    active = data(shop.get(ada, "/api-keys", status="active"))["items"]
    assert [key["api_key_id"] for key in active] == [ada.key_id]


def test_nothing_remains_of_a_quota_that_is_lowered_below_what_is_spent(
    shop: Till, ada: Account
) -> None:
    shop.call(ada, {"input": 10_000})

    lowered = data(send(shop, "PATCH", ada, f"/{ada.key_id}", {"quota": {"amount": "0.000000001"}}))

    assert lowered["usage"]["remaining"] == "0.00"
    assert parse_amount(lowered["usage"]["spent"]) > 1


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/disable")])
def test_a_disabled_key_is_over_at_once_and_for_good(
    shop: Till, ada: Account, method: str, path: str
) -> None:
    made = make(shop, ada)
    assert ask(shop, made["api_key"]).status_code == 200

    first = data(send(shop, method, ada, f"/{made['api_key_id']}{path}"))
    again = data(send(shop, method, ada, f"/{made['api_key_id']}{path}"))

    assert first == again
    assert first["status"] == "disabled"
    assert first["disabled_at"] is not None
    assert ask(shop, made["api_key"]).status_code == 401
    for action in ("", "/rotate"):
        answer = send(
            shop, "POST" if action else "PATCH", ada, f"/{made['api_key_id']}{action}",
            None if action else {"name": "x"},
        )  # fmt: skip
        assert refused(answer) == (409, "conflict")


def test_what_an_operator_does_to_a_key_is_told_alike(shop: Till, ada: Account) -> None:
    other = another(shop, ada)
    shop.do(manage.disable_key(ada.who.key_id, actor="operator"))

    assert look(shop, other, ada.key_id)["status"] == "disabled"
