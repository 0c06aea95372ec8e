"""No statement of the append protocol ever reads the whole log, whatever the planner believes."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from adapters.ledger import sql
from adapters.ledger.connection import connect
from adapters.ledger.schema import migrate

FILL = """
    INSERT INTO ledger_events (originator_id, originator_version, topic, state)
    SELECT lpad(to_hex(a), 32, '0')::uuid, v, 'wallet.granted.2', repeat('x', 200)::bytea
    FROM generate_series(1, %s::int) AS v, generate_series(%s::int, %s::int) AS a
"""
HOT, COLD = (10_000, 1, 2), (3, 100, 10_000)
"""Two aggregates with many events and many with few: some 50,000 in all."""
EARLIER = {
    "no statistics": None,
    "statistics of the first five aggregates": (12, 90_001, 90_005),
    "statistics of the very first aggregate": (10, 90_001, 90_001),
}
DATABASE = "query_plans"


@pytest.fixture(scope="module", params=EARLIER.values(), ids=EARLIER)
def full_log(server_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of 50,000 events whose statistics are from its first day."""
    url = make_conninfo(server_url, dbname=DATABASE)
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {DATABASE}".encode())
    migrate(url)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("ALTER TABLE ledger_events SET (autovacuum_enabled = off)")
        if request.param:
            conn.execute(FILL, request.param)
            conn.execute("ANALYZE ledger_events")
        conn.execute(FILL, HOT)
        conn.execute(FILL, COLD)
    yield url
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)".encode())


def plan(conn: Connection, statement: str, parameters: Any) -> str:
    rows = conn.execute(f"EXPLAIN {statement}".encode(), parameters, prepare=True).fetchall()
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_newer_events_are_found_by_index(full_log: str, mode: str) -> None:
    with connect(full_log) as conn:
        conn.execute(f"SET plan_cache_mode = {mode}".encode())
        for named in (1, 5, 1_000):
            wanted = [UUID(int=n) for n in range(1, named + 1)]

            planned = plan(conn, sql.NEWER_EVENTS, (wanted, [9_990] * named))

            assert "Seq Scan on ledger_events" not in planned
            assert re.search(r"Index Cond: .*originator_id = .*known\.id", planned)


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [(sql.CLOCK, ()), (sql.ONE_EVENT, (UUID(int=1), 1))],
    ids=["the clock", "one event"],
)
def test_the_last_and_a_certain_event_are_found_by_index(
    full_log: str, statement: str, parameters: Any
) -> None:
    with connect(full_log) as conn:
        planned = plan(conn, statement, parameters)

    assert "Seq Scan on ledger_events" not in planned
    assert "Index" in planned


def test_newer_events_are_those_after_each_known_version_in_order(full_log: str) -> None:
    wanted, versions = [UUID(int=2), UUID(int=0x101), UUID(int=10**30)], [9_998, 0, 0]

    with connect(full_log) as conn:
        rows = conn.execute(sql.NEWER_EVENTS, (wanted, versions)).fetchall()

    found = [(row[0].int, row[1]) for row in rows]
    assert found == [(2, 9_999), (2, 10_000), (0x101, 1), (0x101, 2), (0x101, 3)]
