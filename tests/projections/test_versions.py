"""A new version of a projection: built beside the old one, then in its place."""

from collections.abc import Sequence

import psycopg

from projections.catalogue import ALL
from projections.errors import LogError
from projections.events import Event
from tests.projections.following import (
    NextCustomers,
    arrived,
    end_of,
    places,
    running,
    until,
    versions,
)
from tests.projections.history import History, follow, rows


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
