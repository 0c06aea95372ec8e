"""A text that is replaced or taken away goes for good, whatever befell the worker meanwhile."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
import pytest

from adapters.ledger.text_sweep import GRACE_SECONDS, sweep_texts
from api.background.sweeper import Sweeper
from domain.errors import BillingUnavailableError
from tests.api.counter import Counter, counter
from tests.api.helpers import data, office, refused
from tests.api.openapi.till import Account

CONTACT = {"name": "Ada", "email": "ada@example.com"}
HOOK = "https://hooks.example.com/"


class Place(NamedTuple):
    """Where a customer says something that must be erasable."""

    path: str
    field: str
    first: object
    second: object
    nothing: object = None


def rules(term: str) -> list[dict[str, str]]:
    return [{"id": "rule", "term": term, "action": "mask"}]


PLACES = {
    "title": Place("/conversations/{id}", "title", "first", "second"),
    "metadata": Place("/conversations/{id}", "metadata", {"a": "first"}, {"a": "second"}),
    "contact": Place(
        "/client/profile", "billing_contact", {**CONTACT, "name": "first"}, {"name": "second"}
    ),
    "profile": Place("/client/profile", "webhook_url", HOOK + "first", HOOK + "second"),
    "webhook": Place("/webhooks", "url", HOOK + "first", HOOK + "second"),
    "alerts": Place("/balance/config", "webhook_url", HOOK + "first", HOOK + "second"),
    "rules": Place("/security/policy", "content_rules", rules("first"), rules("second"), []),
}


@pytest.fixture
def desk(database_url: str, tmp_path: object) -> Iterator[Counter]:
    with counter(database_url, str(tmp_path)) as running:
        yield running


def fail_to_erase(desk: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(subject_id: UUID, kind: str) -> None:
        raise BillingUnavailableError

    monkeypatch.setattr(desk.gateway.texts, "erase", failing)


def say(desk: Counter, account: Account, place: Place, value: object) -> None:
    path = "/openapi/v1" + place.path
    if "{id}" in path:
        path = path.format(id=conversation_of(desk, account))
    body = {place.field: value}
    data(desk.request("PATCH", path, account.secret, json=body))


def conversation_of(desk: Counter, account: Account) -> str:
    items = data(desk.get(account, "/conversations"))["items"]
    if not items:
        items = [data(desk.request("POST", "/openapi/v1/conversations", account.secret), 201)]
    found: str = items[0]["conversation_id"]
    return found


def words(desk: Counter) -> set[str]:
    """Which of the values that a test gave are still kept."""
    with psycopg.connect(desk.url) as conn:
        bodies = [body for (body,) in conn.execute("SELECT body FROM erasable_texts")]
    return {word for word in ("first", "second") for body in bodies if word in body}


def swept(desk: Counter) -> int:
    return desk.run(sweep_texts(desk.gateway.pool, 0))


@pytest.mark.parametrize("name", PLACES)
def test_a_text_whose_erasure_failed_goes_when_the_sweeper_comes(
    desk: Counter, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    account, place = desk.account(), PLACES[name]
    say(desk, account, place, place.first)
    swept(desk)
    fail_to_erase(desk, monkeypatch)
    say(desk, account, place, place.second)

    assert words(desk) == {"first", "second"}
    assert (swept(desk), words(desk)) == (1, {"second"})

    say(desk, account, place, place.nothing)
    assert (swept(desk), words(desk)) == (1, set())


def test_a_keys_name_whose_erasure_failed_goes_when_the_sweeper_comes(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = desk.account()
    path = "/openapi/v1/api-keys"
    made = data(desk.request("POST", path, account.secret, json={"name": "first"}), 201)
    swept(desk)
    fail_to_erase(desk, monkeypatch)
    patch = (f"{path}/{made['api_key_id']}", account.secret)
    data(desk.request("PATCH", *patch, json={"name": "second"}))

    assert words(desk) == {"first", "second"}
    assert (swept(desk), words(desk)) == (1, {"second"})


def test_the_sweepers_round_erases_what_no_command_named(desk: Counter) -> None:
    desk.run(desk.gateway.texts.put(uuid4(), "billing_contact", "first"))
    sweeper = Sweeper(desk.gateway.ledger, desk.gateway.calls, desk.gateway.pool)

    desk.run(sweeper.sweep())
    assert words(desk) == {"first"}
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "UPDATE texts_due SET due_at = due_at - make_interval(secs => %s)", (GRACE_SECONDS,)
        )
    desk.run(sweeper.sweep())

    assert words(desk) == set()


def test_a_refusal_is_told_even_if_its_text_cannot_be_taken_back(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = desk.account()
    conversation_id = conversation_of(desk, account)
    path = f"/openapi/v1/conversations/{conversation_id}"
    data(desk.request("DELETE", path, account.secret))
    fail_to_erase(desk, monkeypatch)

    answer = desk.request("PATCH", path, account.secret, json={"title": "first"})

    assert refused(answer) == (409, "conversation_archived")
    assert (swept(desk), words(desk)) == (1, set())


def test_an_operators_texts_stay(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer("first")
        data(clerk.post(f"/customers/{customer_id}/api-keys", {"name": "second"}), 201)

        assert clerk.run(sweep_texts(clerk.desk.pool, 0)) == 0

    kept: Any
    with psycopg.connect(database_url) as conn:
        kept = conn.execute("SELECT body FROM erasable_texts ORDER BY body").fetchall()
        due = conn.execute("SELECT count(*) FROM texts_due").fetchone()
    assert (kept, due) == ([("first",), ("second",)], (0,))
