"""What a customer wants to be told and where; and whether its wallet could hold an amount."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from domain.errors import BillingUnavailableError
from domain.money import parse_amount
from tests.api.counter import Counter, counter
from tests.api.openapi.till import SMALL, Account

URL = "https://hooks.example.com/tollbook"
PATH = "/openapi/v1/balance/config"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Counter]:
    with counter(database_url, str(tmp_path)) as running:
        yield running


def patch(desk: Counter, account: Account, **fields: Any) -> httpx.Response:
    return desk.request("PATCH", PATH, account.secret, json=fields)


def config(desk: Counter, account: Account) -> dict[str, Any]:
    found: dict[str, Any] = desk.get(account, "/balance/config").json()["data"]
    return found


def texts(desk: Counter) -> list[str]:
    with psycopg.connect(desk.url) as conn:
        query = "SELECT body FROM erasable_texts WHERE kind = 'webhook_url'"
        return [body for (body,) in conn.execute(query)]


def test_at_first_nothing_is_watched(desk: Counter) -> None:
    account = desk.account()

    found = config(desk, account)

    secret = found.pop("webhook_secret")
    assert secret.startswith("whsec_")
    assert found == {
        "customer_id": account.customer_id,
        "currency": "USD",
        "alert_thresholds": [],
        "alerts_raised": [],
        "quota_alert_percents": [],
        "low_balance": False,
        "auto_recharge": None,
        "webhook_url": None,
    }


def test_what_is_given_changes_and_the_rest_stays(desk: Counter) -> None:
    account = desk.account()
    patch(
        desk,
        account,
        alert_thresholds=["1.50", "5", "5.00"],
        quota_alert_percents=[100, 80, 80],
        auto_recharge={"below": "2.00", "amount": "20.00"},
        webhook_url=URL,
    )

    first = config(desk, account)
    second = patch(desk, account, alert_thresholds=["3.00"]).json()["data"]
    third = patch(desk, account, auto_recharge=None).json()["data"]
    last = patch(desk, account, webhook_url=None).json()["data"]

    assert first["alert_thresholds"] == ["5.00", "1.50"]
    assert first["quota_alert_percents"] == [80, 100]
    recharge = {"below": "2.00", "amount": "20.00", "requested": False}
    assert (first["auto_recharge"], first["webhook_url"]) == (recharge, URL)
    assert second == {**first, "alert_thresholds": ["3.00"]}
    assert third == {**second, "auto_recharge": None}
    assert last == {**third, "webhook_url": None} == config(desk, account)


def test_only_the_present_address_is_kept_and_no_event_holds_one(desk: Counter) -> None:
    account = desk.account()
    patch(desk, account, webhook_url=URL)
    patch(desk, account, webhook_url=URL + "/2")

    assert texts(desk) == [URL + "/2"]
    patch(desk, account, webhook_url=None)

    assert texts(desk) == []
    with psycopg.connect(desk.url) as conn:
        query = "SELECT count(*) FROM ledger_events WHERE state LIKE '%example.com%'::bytea"
        assert conn.execute(query).fetchone() == (0,)
        query = "SELECT state FROM ledger_events WHERE topic = 'customer.webhook_changed.1'"
        states = [bytes(state).decode() for (state,) in conn.execute(query)]
    assert len(states) == 3
    assert all(f'"actor":"{account.key_id}"' in state for state in states)


def test_a_refused_change_leaves_the_old_address(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = desk.account()
    patch(desk, account, webhook_url=URL)
    monkeypatch.setattr(desk.gateway.ledger, "execute", _unavailable)
    monkeypatch.setattr(desk.gateway.authenticator, "authorise", _let_in(account))

    assert patch(desk, account, webhook_url=URL + "/2").status_code == 503

    assert texts(desk) == [URL]


async def _unavailable(_: object) -> None:
    raise BillingUnavailableError


def _let_in(account: Account) -> Any:
    async def authorise(*_: object) -> Any:
        return account.who

    return authorise


WRONG: list[dict[str, Any]] = [
    {},
    {"alert_thresholds": None},
    {"alert_thresholds": "5.00"},
    {"alert_thresholds": [5]},
    {"alert_thresholds": [5.0]},
    {"alert_thresholds": ["-1.00"]},
    {"alert_thresholds": ["1e3"]},
    {"alert_thresholds": ["1"] * 11},
    {"quota_alert_percents": [0]},
    {"quota_alert_percents": [101]},
    {"quota_alert_percents": ["50"]},
    {"quota_alert_percents": [50.0]},
    {"quota_alert_percents": None},
    {"auto_recharge": {}},
    {"auto_recharge": {"below": "1.00"}},
    {"auto_recharge": {"below": "1.00", "amount": "0"}},
    {"auto_recharge": {"below": "1.00", "amount": "9", "at": "1"}},
    {"webhook_url": ""},
    {"webhook_url": "http://example.com"},
    {"webhook_url": "https://127.0.0.1/"},
    {"webhook_url": "https://localhost/"},
    {"webhook_url": 5},
    {"webhook_secret": "whsec_mine"},
    {"alert_thresholds": ["1.00"], "surprise": 1},
]


def test_what_makes_no_sense_is_refused_and_changes_nothing(desk: Counter) -> None:
    account = desk.account()
    before = config(desk, account)

    for fields in WRONG:
        answer = patch(desk, account, **fields)
        assert (answer.status_code, answer.json()["success"]) == (422, False), fields

    assert config(desk, account) == before


def test_a_key_that_may_not_manage_sees_and_changes_nothing(desk: Counter) -> None:
    account = desk.account(permissions=["inference"])

    assert desk.get(account, "/balance/config").status_code == 403
    assert patch(desk, account, alert_thresholds=[]).status_code == 403
    check = {"amount": "1.00"}
    answer = desk.request("POST", "/openapi/v1/balance/check", account.secret, json=check)
    assert answer.status_code == 403


def test_every_customer_has_a_secret_of_its_own(desk: Counter) -> None:
    one, other = desk.account(), desk.account()

    secrets = {config(desk, account)["webhook_secret"] for account in (one, other, one)}

    assert len(secrets) == 2


def test_without_the_operators_secret_no_address_is_taken(
    database_url: str, tmp_path: Path
) -> None:
    with counter(database_url, str(tmp_path), webhook_secret=None) as desk:
        account = desk.account()

        refused = patch(desk, account, webhook_url=URL, alert_thresholds=["1.00"])
        assert refused.status_code == 422
        assert "sends no webhooks" in refused.json()["message"]
        assert config(desk, account)["alert_thresholds"] == []
        assert config(desk, account)["webhook_secret"] is None
        assert patch(desk, account, webhook_url=None, alert_thresholds=["1.00"]).status_code == 200


def check(desk: Counter, account: Account, **fields: Any) -> httpx.Response:
    return desk.request("POST", "/openapi/v1/balance/check", account.secret, json=fields)


def test_an_amount_is_checked_against_what_is_available_now(desk: Counter) -> None:
    account = desk.account()

    enough = check(desk, account, amount="10.00").json()["data"]
    short = check(desk, account, amount="10.000000001").json()["data"]

    assert enough == {
        "sufficient": True,
        "required": "10.00",
        "available": "10.00",
        "shortfall": "0.00",
        "currency": "USD",
        "reason": None,
    }
    assert (short["sufficient"], short["shortfall"], short["reason"]) == (
        False, "0.000000001", "insufficient_balance",
    )  # fmt: skip


def test_a_call_is_checked_by_its_worst_case(desk: Counter) -> None:
    account = desk.account()
    held = desk.hold(account, tokens=100, cap=200).amount

    data = check(desk, account, model=SMALL, input_tokens=100, max_output_tokens=200).json()["data"]
    default = check(desk, account, model=SMALL, input_tokens=100).json()["data"]

    assert data["sufficient"]
    assert parse_amount(data["required"]) == held
    assert parse_amount(default["required"]) > held


def test_a_check_that_asks_for_nothing_or_for_too_much_is_refused(desk: Counter) -> None:
    account = desk.account()
    wrong: list[tuple[dict[str, Any], int]] = [
        ({}, 422),
        ({"amount": "1.00", "model": SMALL, "input_tokens": 1}, 422),
        ({"model": SMALL}, 422),
        ({"input_tokens": 5}, 422),
        ({"amount": "1.00", "max_output_tokens": 5}, 422),
        ({"amount": "-1.00"}, 422),
        ({"amount": 1}, 422),
        ({"model": SMALL, "input_tokens": -1}, 422),
        ({"model": SMALL, "input_tokens": 2**31}, 422),
        ({"model": "nothing", "input_tokens": 1}, 404),
    ]

    for fields, status in wrong:
        assert check(desk, account, **fields).status_code == status, fields
