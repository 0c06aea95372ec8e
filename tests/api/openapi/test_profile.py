"""Whose key this is, and the customer's profile; a contact that is replaced is really gone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from domain import manage
from domain.change_key import disable_own_key
from domain.manager import Manager
from tests.api.counter import Counter, counter
from tests.api.helpers import data, refused
from tests.api.openapi.till import SMALL
from tests.projections.history import database

CLIENT, PROFILE = "/openapi/v1/client", "/openapi/v1/client/profile"
CONTACT = {"name": "Ada", "email": "ada@example.com", "address": "1 Main St", "vat_id": "DE123"}


@pytest.fixture(scope="module")
def desk(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    folder: Path = tmp_path_factory.mktemp("counter")
    with database(server_url) as url, counter(url, str(folder)) as running:
        yield running


def patch(desk: Counter, secret: str, **fields: Any) -> httpx.Response:
    return desk.request("PATCH", PROFILE, secret, json=fields)


def contacts(desk: Counter) -> list[str]:
    with psycopg.connect(desk.url) as conn:
        query = "SELECT body FROM erasable_texts WHERE kind = 'billing_contact'"
        return [body for (body,) in conn.execute(query)]


def test_a_key_learns_whose_it_is_and_what_it_may_do(desk: Counter) -> None:
    account = desk.account(allowed_models=[SMALL])

    found = data(desk.request("GET", CLIENT, account.secret))

    assert found["customer_id"] == account.customer_id
    assert (found["currency"], found["status"]) == ("USD", "active")
    assert found["api_key"]["api_key_id"] == account.key_id
    assert found["api_key"]["model_scope"] == {"mode": "single", "model_ids": [SMALL]}
    desk.do(manage.freeze_wallet(account.who.wallet_id, frozen=True, actor="test"))
    assert data(desk.request("GET", CLIENT, account.secret))["status"] == "frozen"


def test_what_is_given_changes_and_the_rest_stays(desk: Counter) -> None:
    account = desk.account()
    url = "https://hooks.example.com/tollbook"

    first = data(patch(desk, account.secret, billing_contact=CONTACT))
    second = data(patch(desk, account.secret, webhook_url=url))
    third = data(patch(desk, account.secret, time_zone="Europe/Berlin"))

    assert first["billing_contact"] == second["billing_contact"] == CONTACT
    assert (first["webhook_url"], second["webhook_url"]) == (None, url)
    assert first["time_zone"] == third["time_zone"] == "UTC"
    assert third["next_time_zone"]["time_zone"] == "Europe/Berlin"
    assert data(desk.request("GET", PROFILE, account.secret)) == third
    config = data(desk.request("GET", "/openapi/v1/balance/config", account.secret))
    assert config["webhook_url"] == url


def test_a_contact_that_is_replaced_or_taken_away_is_deleted(desk: Counter) -> None:
    account = desk.account()
    before = contacts(desk)

    patch(desk, account.secret, billing_contact={"email": "grace@example.com"})
    (first,) = set(contacts(desk)) - set(before)
    assert "grace@example.com" in first
    patch(desk, account.secret, billing_contact={"name": "Bob"})
    assert len(contacts(desk)) == len(before) + 1
    gone = data(patch(desk, account.secret, billing_contact=None))

    assert gone["billing_contact"] is None
    assert contacts(desk) == before
    assert "Bob" not in desk.log()


@pytest.mark.parametrize(
    "fields",
    [
        {"time_zone": "Nowhere/Else"},
        {"time_zone": None},
        {"name": "Eve"},
        {"billing_contact": {}},
        {"billing_contact": {"name": "a\nb"}},
        {"billing_contact": {"email": "no address"}},
        {"billing_contact": {"vat_id": "<script>"}},
        {"billing_contact": {"phone": "1"}},
        {"webhook_url": "http://plain.example.com"},
    ],
)
def test_a_change_at_fault_changes_nothing(desk: Counter, fields: dict[str, Any]) -> None:
    account = desk.account()
    patch(desk, account.secret, billing_contact=CONTACT)
    before = data(desk.request("GET", PROFILE, account.secret)), contacts(desk)

    answer = patch(desk, account.secret, **{"billing_contact": {"name": "Eve"}, **fields})

    assert answer.status_code == 422, answer.text
    assert (data(desk.request("GET", PROFILE, account.secret)), contacts(desk)) == before


def test_a_change_of_nothing_is_refused(desk: Counter) -> None:
    assert refused(patch(desk, desk.account().secret)) == (422, "invalid_value")


def test_only_a_usable_key_that_manages_asks_for_it(desk: Counter) -> None:
    worker, gone = desk.account(permissions=["inference"]), desk.account()
    desk.do(disable_own_key(gone.who.key_id, Manager("test")))

    for path in (CLIENT, PROFILE):
        assert refused(desk.request("GET", path, worker.secret)) == (403, "permission_denied")
        assert refused(desk.request("GET", path, gone.secret)) == (401, "api_key_disabled")
