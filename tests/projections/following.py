"""A runner in a thread, ways to wait for it, and projections that misbehave."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from adapters.ledger.connection import GATEWAY_ROLE
from projections.catalogue import ALL
from projections.customers import Customers
from projections.events import CHANNEL, Event
from projections.projection import Projection, Table
from projections.runner import ELECTION_LOCK, Runner
from tests.projections.history import follow, owner, rows

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


def versions(url: str) -> dict[str, int]:
    return dict(rows(url, "SELECT name, version FROM read.projection_positions"))


def start_again(url: str) -> None:
    """Throw every row away and make it again."""
    with psycopg.connect(url) as conn:
        conn.execute("DROP SCHEMA read CASCADE")
    follow(url)


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
