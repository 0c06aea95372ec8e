"""The runner: one at a time, through every failure, and never a row too many or too few."""

import logging
import time
from collections.abc import Sequence

import psycopg
import pytest

from domain.customer import Registered
from projections.balances import Balances
from projections.catalogue import ALL
from projections.customers import Customers
from projections.errors import LogError
from projections.events import Event
from tests.projections.following import (
    PATIENCE_SECONDS,
    Choosy,
    arrived,
    elected,
    end_of,
    places,
    running,
    start_again,
    until,
    wake,
)
from tests.projections.history import History, everything, follow, rows


def test_it_follows_the_log(database_url: str) -> None:
    history = History(1)
    with running(database_url):
        for _ in range(3):
            history.live(100)
            history.store(database_url)
            until(lambda: arrived(database_url))

        shown = everything(database_url)

    follow(database_url)
    assert everything(database_url) == shown
    assert len(shown["customers"]) == 3


def test_a_notify_wakes_it_at_once(database_url: str) -> None:
    history = History(1)
    with running(database_url, poll_seconds=PATIENCE_SECONDS - 5):
        until(lambda: places(database_url))
        history.store(database_url)
        started = time.monotonic()
        wake(database_url)
        until(lambda: arrived(database_url))

        assert time.monotonic() - started < PATIENCE_SECONDS / 2


def test_a_second_runner_waits_until_the_first_is_gone(database_url: str) -> None:
    history = History(1)
    with running(database_url):
        until(lambda: elected(database_url))
        first = elected(database_url)
        with running(database_url):
            history.live(200)
            history.store(database_url)
            until(lambda: arrived(database_url))
            assert elected(database_url) == first
            with psycopg.connect(database_url, autocommit=True) as conn:
                conn.execute("SELECT pg_terminate_backend(%s)", (first[0],))
            until(lambda: elected(database_url) not in ([], first))
            history.live(200)
            history.store(database_url)
            until(lambda: arrived(database_url))

    shown = everything(database_url)
    start_again(database_url)
    assert everything(database_url) == shown


def test_a_runner_that_was_never_elected_can_be_stopped(database_url: str) -> None:
    with running(database_url):
        until(lambda: elected(database_url))
        with running(database_url):
            time.sleep(0.1)


def test_it_outlives_the_database(database_url: str) -> None:
    history = History(2)
    history.live(50)
    history.store(database_url)
    with running(database_url):
        for _ in range(3):
            until(lambda: elected(database_url))
            with psycopg.connect(database_url, autocommit=True) as conn:
                for pid in elected(database_url):
                    conn.execute("SELECT pg_terminate_backend(%s)", (pid,))
            history.live(50)
            history.store(database_url)
        until(lambda: arrived(database_url))

    shown = everything(database_url)
    start_again(database_url)
    assert everything(database_url) == shown


class Killed(Balances):
    """Kills its own connection after it has written, for the first few times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def project(self, conn: psycopg.Connection, schema: str, events: Sequence[Event]) -> None:
        super().project(conn, schema, events)
        if events and self.left:
            self.left -= 1
            conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_runner_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    database_url: str,
) -> None:
    history = History(3)
    history.live(300)
    history.store(database_url)
    killed = Killed(times=4)
    projections = [killed if p.name == "balances" else p for p in ALL]

    with running(database_url, projections, window=200):
        until(lambda: arrived(database_url))

    shown = everything(database_url)
    start_again(database_url)
    assert everything(database_url) == shown
    assert killed.left == 0


@pytest.mark.parametrize("error", [LogError(1, "bad"), KeyError("gone")], ids=["log", "bug"])
def test_an_event_that_cannot_be_taken_halts_one_projection_and_not_the_others(
    database_url: str, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    history = History(4, customers=5)
    history.store(database_url)
    registered = "SELECT position FROM ledger_events WHERE topic = %s ORDER BY 1"
    ((_), (_), (bad,), *_) = rows(database_url, registered, Registered.TOPIC)
    choosy = Choosy(bad, error)
    projections = [choosy if p.name == "customers" else p for p in ALL]

    with caplog.at_level(logging.ERROR), running(database_url, projections):
        until(lambda: places(database_url).get("customers") == (bad - 1, bad))
        history.live(30)
        history.store(database_url)
        others = [projection.name for projection in ALL if projection.name != "customers"]
        until(lambda: {places(database_url)[n] for n in others} == {(end_of(database_url), None)})

    assert len(rows(database_url, "TABLE read.customers")) == 2
    assert "cannot take an event" in caplog.text
    choosy.healed = True
    with running(database_url, projections):
        until(lambda: arrived(database_url))
    assert places(database_url)["customers"] == (end_of(database_url), None)
    assert len(rows(database_url, "TABLE read.customers")) == 5


class Unlucky(Customers):
    """Fails in its own way first, and by the database's fault next."""

    def __init__(self) -> None:
        self.errors: list[Exception] = [ValueError("bug"), psycopg.OperationalError("gone")]

    def project(self, conn: psycopg.Connection, schema: str, events: Sequence[Event]) -> None:
        if events and self.errors:
            raise self.errors.pop(0)
        super().project(conn, schema, events)


def test_a_fault_of_the_database_halts_nothing(database_url: str) -> None:
    history = History(8)
    history.store(database_url)
    unlucky = Unlucky()

    with running(database_url, [unlucky]):
        until(lambda: arrived(database_url))

    assert unlucky.errors == []
    assert len(rows(database_url, "TABLE read.customers")) == 3


def test_a_wallet_that_was_never_opened_halts_the_balances(database_url: str) -> None:
    history = History(5, customers=1)
    history.ledger.facts = [f for f in history.ledger.facts if f.TOPIC != "wallet.opened.1"]
    history.store(database_url)

    with running(database_url):
        until(lambda: places(database_url).get("balances", (0, None))[1] is not None)

    assert rows(database_url, "TABLE read.balances") == []
