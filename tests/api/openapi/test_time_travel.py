"""`?at=`: the balance and the holds as any prefix of the log left them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.moment import moment
from domain.money import format_amount
from tests.api.helpers import Office, data, office, projecting, refused
from tests.projections.history import History

TOLLBOOK = str(Path(sys.executable).with_name("tollbook"))


@pytest.fixture(scope="module")
def told() -> History:
    history = History(seed=5)
    history.live(300)
    return history


@pytest.fixture
def desk(database_url: str, told: History) -> Iterator[Office]:
    history = told
    history.stored = 0
    history.store(database_url)
    with projecting(database_url), office(database_url) as opened:
        yield opened


def wallet(desk: Office, told: History, **query: Any) -> dict[str, Any]:
    customer = f"cus_{told.everyone[0].customer_id.hex}"
    return data(desk.get(f"/customers/{customer}", params=query))


def test_the_past_of_now_is_now(desk: Office, told: History) -> None:
    last = len(told.ledger.facts)

    then = wallet(desk, told, at=last)

    told.who = told.everyone[0]
    at = moment(told.ledger.facts[-1].timestamp)
    posted = told.wallet.available_at(at) + told.wallet.reserved_at(at)
    assert then["balance"]["posted"] == format_amount(posted)
    assert then["balance"]["debt"] == format_amount(told.wallet.debt)
    assert then["closed_through"] is None
    assert then["time_zone"] == "UTC"


def test_an_instant_and_its_position_say_the_same(desk: Office, told: History) -> None:
    facts = told.ledger.facts
    middle = facts[len(facts) // 2].timestamp
    count = sum(fact.timestamp <= middle for fact in facts)

    assert wallet(desk, told, at=middle.isoformat()) == wallet(desk, told, at=count)
    assert wallet(desk, told, at=50) != wallet(desk, told, at=count)


def test_holds_are_listed_as_they_were(desk: Office, told: History) -> None:
    facts = told.ledger.facts
    customer = f"cus_{told.everyone[0].customer_id.hex}"
    wallet_id = told.everyone[0].wallet_id
    first = next(
        n
        for n, fact in enumerate(facts, 1)
        if fact.TOPIC.startswith("wallet.reserved") and fact.originator_id == wallet_id
    )

    before = data(desk.get(f"/customers/{customer}/holds", params={"at": first - 1}))["items"]
    after = data(desk.get(f"/customers/{customer}/holds", params={"at": first}))["items"]

    assert before == []
    assert [item["request_id"] for item in after] == [f"req_{facts[first - 1].request_id}"]
    assert isinstance(data(desk.get(f"/customers/{customer}/holds"))["items"], list)


@pytest.mark.parametrize(
    "at", ["0", "-1", "999999999", "9" * 30, "soon", "2026-11-20", "2026-11-20T12:00:00",
           "2999-01-01T00:00:00Z", "1999-01-01T00:00:00Z", ""],
)  # fmt: skip
def test_what_is_no_past_is_refused_by_name(desk: Office, told: History, at: str) -> None:
    customer = f"cus_{told.everyone[0].customer_id.hex}"

    answer = desk.get(f"/customers/{customer}", params={"at": at})

    assert refused(answer) == (422, "invalid_value")


def test_a_wallet_was_not_there_before_it_was_opened(desk: Office, told: History) -> None:
    customer = f"cus_{told.everyone[0].customer_id.hex}"

    assert refused(desk.get(f"/customers/{customer}", params={"at": 1})) == (404, "not_found")


def test_replay_prints_every_wallet_and_the_sum(
    desk: Office, told: History, database_url: str
) -> None:
    command = [TOLLBOOK, "replay", "--at", str(len(told.ledger.facts))]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=True,
        env={"TOLLBOOK_DATABASE_URL": database_url, "PATH": "/usr/bin:/bin"}, timeout=60,
    )  # fmt: skip

    assert ended.stdout.count("cus_") == len(told.everyone)
    assert f"position {len(told.ledger.facts)}," in ended.stdout
    assert f"{len(told.everyone)} wallets; in all USD " in ended.stdout
