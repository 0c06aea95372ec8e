"""The runner: one at a time, through every failure, and never a row too many or too few."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from adapters.ledger.connection import GATEWAY_ROLE
from domain.customer import Registered
from projections.balances import Balances
from projections.catalogue import ALL
from projections.customers import Customers
from projections.errors import LogError
from projections.events import CHANNEL, Event
from projections.projection import Projection, Table
from projections.runner import ELECTION_LOCK, Runner
from tests.projections.history import History, everything, follow, owner, rows

PATIENCE_SECONDS = 20


@contextmanager
def running(url: str, projections: Sequence[Projection] = ALL, **options: Any) -> Iterator[Runner]:
    """A runner in a thread of its own, which must end when it is told to."""
    runner = Runner(
        lambda: owner(url), GATEWAY_ROLE, projections, **{"poll_seconds": 0.02, **options}
    )
    stop = threading.Event()
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    try:
        yield runner
    finally:
        stop.set()
        wake(url)
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


def wake(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"NOTIFY {CHANNEL}")


def until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def places(url: str) -> dict[str, tuple[int, int | None]]:
    """Where each read model is, and at which event it was halted."""
    ((there,),) = rows(url, "SELECT to_regclass('read.projection_positions') IS NOT NULL")
    if not there:
        return {}
    found = rows(url, "SELECT name, position, halted_at FROM read.projection_positions")
    return {name: (position, halted_at) for name, position, halted_at in found}


def end_of(url: str) -> int:
    ((last,),) = rows(url, "SELECT coalesce(max(position), 0) FROM ledger_events")
    return int(last)


def arrived(url: str) -> bool:
    at = {position for position, _ in places(url).values()}
    return at == {end_of(url)}


def elected(url: str) -> list[int]:
    query = "SELECT pid FROM pg_locks WHERE objid = %s AND granted"
    return [pid for (pid,) in rows(url, query, ELECTION_LOCK)]


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


class Choosy(Customers):
    """Cannot take one event."""

    def __init__(self, number: int, error: Exception) -> None:
        self.number = number
        self.error = error
        self.healed = False

    def project(self, conn: psycopg.Connection, schema: str, events: Sequence[Event]) -> None:
        super().project(conn, schema, events)
        if not self.healed and any(event.position == self.number for event in events):
            raise self.error


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


class NextCustomers(Customers):
    """Customers, as a later release has them."""

    version = 2
    tables = (
        Table(
            "customers",
            ("customer_id",),
            """
            CREATE TABLE {schema}.customers (
                customer_id uuid PRIMARY KEY,
                wallet_id uuid NOT NULL,
                currency text NOT NULL,
                created_at timestamptz NOT NULL,
                position bigint NOT NULL,
                tier text NOT NULL DEFAULT 'standard'
            )
            """,
        ),
    )


def test_a_new_version_is_built_beside_the_old_one_and_takes_its_place(database_url: str) -> None:
    history = History(6, customers=4)
    history.live(100)
    history.store(database_url)
    follow(database_url)
    projections = [NextCustomers() if p.name == "customers" else p for p in ALL]

    with running(database_url, projections, window=50):
        until(lambda: versions(database_url)["customers"] == 2)
        history.join()
        history.store(database_url)
        until(lambda: arrived(database_url))

    assert rows(database_url, "SELECT DISTINCT tier FROM read.customers") == [("standard",)]
    assert len(rows(database_url, "TABLE read.customers")) == 5
    with psycopg.connect(database_url) as conn:
        conn.execute("SET ROLE tollbook_gateway")
        conn.execute("TABLE read.customers")


class Unable(NextCustomers):
    """A later release that cannot take the log."""

    def project(self, conn: psycopg.Connection, schema: str, events: Sequence[Event]) -> None:
        if events:
            raise LogError(events[0].position, "this release has a bug")


def test_a_new_version_that_cannot_take_the_log_leaves_the_old_one(database_url: str) -> None:
    history = History(7)
    history.store(database_url)
    follow(database_url)
    projections = [Unable() if p.name == "customers" else p for p in ALL]

    with running(database_url, projections):
        until(lambda: halted(database_url))
        history.live(50)
        history.store(database_url)
        until(lambda: places(database_url)["balances"][0] == end_of(database_url))

    assert versions(database_url)["customers"] == 1
    assert len(rows(database_url, "TABLE read.customers")) == 3


def halted(url: str) -> bool:
    """Whether a new version has been halted beside the old one."""
    ((there,),) = rows(url, "SELECT to_regclass('read_next.projection_positions') IS NOT NULL")
    at = "SELECT halted_at FROM read_next.projection_positions"
    return there and any(position is not None for (position,) in rows(url, at))


def versions(url: str) -> dict[str, int]:
    return dict(rows(url, "SELECT name, version FROM read.projection_positions"))


def start_again(url: str) -> None:
    """Throw every row away and make it again."""
    with psycopg.connect(url) as conn:
        conn.execute("DROP SCHEMA read CASCADE")
    follow(url)
