"""A customer sees and changes its context configuration, and what is kept follows."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapters.answer_cache.postgres import Kept, Place
from api.openapi.answers.context import ContextConfigAnswer
from domain.kept_answer import Origin
from tests.adapters.ledger.database import fields, log_of
from tests.api.counter import Counter, counter
from tests.api.openapi.till import Account

PATH = "/openapi/v1/context/config"
NONE = {"window_tokens": None, "memory_days": None, "cache_seconds": None}
KEPT = Kept(Origin("m", "p", "up", 1, {"input": 1}), b"words")


@pytest.fixture
def desk(database_url: str, tmp_path: Any) -> Iterator[Counter]:
    with counter(database_url, str(tmp_path)) as running:
        yield running


def patch(desk: Counter, account: Account, **changes: Any) -> httpx.Response:
    return desk.request("PATCH", PATH, account.secret, json=changes)


def config(desk: Counter, account: Account) -> dict[str, Any]:
    found: dict[str, Any] = desk.get(account, "/context/config").json()["data"]
    ContextConfigAnswer.model_validate(found)
    return found


def settings(desk: Counter, account: Account) -> dict[str, Any]:
    return {name: config(desk, account)[name] for name in NONE}


def test_at_first_calls_go_whole_and_nothing_is_kept(desk: Counter) -> None:
    account = desk.account()

    assert settings(desk, account) == NONE
    assert config(desk, account)["customer_id"] == account.customer_id
    assert set(config(desk, account)["rules"]) == {"window", "memory", "cache"}


def test_what_is_given_changes_the_rest_stays_and_null_turns_off(desk: Counter) -> None:
    account = desk.account()

    patch(desk, account, window_tokens=1_000, cache_seconds=60)
    answer = patch(desk, account, memory_days=7, cache_seconds=None)

    assert answer.json()["data"] == config(desk, account)
    expected = {"window_tokens": 1_000, "memory_days": 7, "cache_seconds": None}
    assert settings(desk, account) == expected
    assert settings(desk, desk.account()) == NONE


def test_a_change_names_the_key_that_made_it(desk: Counter, database_url: str) -> None:
    account = desk.account()

    patch(desk, account, memory_days=7)

    (change,) = [row for row in log_of(database_url) if "context_changed" in row.topic]
    assert fields(change)["actor"] == account.key_id


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"window_tokens": 255},
        {"window_tokens": 10_000_001},
        {"memory_days": 0},
        {"memory_days": 3_651},
        {"cache_seconds": 0},
        {"cache_seconds": 86_401},
        {"cache_seconds": "60"},
        {"cache": 60},
    ],
    ids=str,
)
def test_a_change_that_makes_no_sense_is_refused_and_nothing_changes(
    desk: Counter, changes: dict[str, Any]
) -> None:
    account = desk.account()

    answer = patch(desk, account, **changes)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_value")
    assert settings(desk, account) == NONE


@pytest.mark.parametrize(
    ("change", "forgotten"), [({"cache_seconds": 9}, True), ({"memory_days": 9}, False)], ids=str
)
def test_setting_the_caches_time_deletes_what_is_kept(
    desk: Counter, change: dict[str, Any], forgotten: bool
) -> None:
    account = desk.account()
    place = Place(account.who.customer_id, b"key", 600)
    desk.run(desk.gateway.answers.keep(place, KEPT))

    patch(desk, account, **change)

    assert (desk.run(desk.gateway.answers.find(place)) is None) is forgotten


def test_the_very_next_calls_obey(desk: Counter) -> None:
    account = desk.account()
    said = {"role": "assistant", "content": "word " * 400}
    messages = [{"role": "user", "content": "Hello."}, said, {"role": "user", "content": "Bye."}]
    call = {"model": "sandbox-small", "messages": messages}
    path = "/v1/chat/completions"
    whole = desk.request("POST", path, account.secret, json=call)

    patch(desk, account, window_tokens=300, cache_seconds=60)
    first, again = (desk.request("POST", path, account.secret, json=call) for _ in range(2))

    names = ("x-context-trimmed", "x-tollbook-cache", "x-billing-charge")
    seen = [[answer.headers.get(name) for name in names] for answer in (whole, first, again)]
    assert seen[0][:2] == [None, None]
    assert seen[1][:2] == ["2", "miss"]
    assert seen[2] == ["2", "hit", "0.00"]
    assert again.content == first.content
    request_id = again.headers["x-gateway-request-id"]
    told = desk.get(account, f"/billing/detail/{request_id}").json()["data"]["explanation"]
    assert (told["multiplier"], told["recomputed"], told["service_tier"]) == ("0.00", "0.00", None)
    assert told["sum"] != "0.00"
    streams = [
        desk.request("POST", path, account.secret, json={**call, "stream": True}) for _ in range(2)
    ]
    assert [answer.headers["x-tollbook-cache"] for answer in streams] == ["miss", "hit"]
    assert streams[0].content == streams[1].content
