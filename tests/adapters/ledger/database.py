"""What a test needs to see and hold in the ledger's database."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import Connection, sql

from adapters.ledger.aggregates import Row, fold
from domain.aggregate import Recorded

LOCK = "SELECT pg_advisory_xact_lock(1953459308, 0)"
"""The lock of shard 0. Workers of two releases share it, so its number is a contract."""
WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
"""
PATIENCE_SECONDS = 10.0


def log_of(url: str) -> list[Row]:
    """The whole log in the order of its positions."""
    with psycopg.connect(url) as conn:
        return read_log(conn)


def read_log(conn: Connection) -> list[Row]:
    rows = conn.execute(
        "SELECT originator_id, originator_version, topic, state"
        " FROM ledger_events ORDER BY position"
    )
    return [Row(*row) for row in rows.fetchall()]


def topics_of(url: str) -> Counter[str]:
    return Counter(row.topic for row in log_of(url))


def fields(row: Row) -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(row.state)
    return read


def replayed(url: str) -> dict[UUID, Recorded]:
    """Every aggregate, from nothing but its facts."""
    aggregates: dict[UUID, Recorded] = {}
    fold(log_of(url), aggregates)
    return aggregates


@contextmanager
def holding_the_lock(url: str) -> Iterator[Connection]:
    """Hold the ledger's lock, as a writer does that is slow to commit."""
    with psycopg.connect(url) as conn:
        conn.execute("SET LOCAL lock_timeout = '5s'")
        conn.execute(LOCK)
        yield conn


def seen(url: str, query: str = WAITING) -> Any:
    """One value of one query on a connection of its own."""
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def by_default(url: str, setting: str, value: str) -> None:
    """Have the operator of the database choose a default that does not suit us."""
    with psycopg.connect(url, autocommit=True) as conn:
        name = sql.Identifier(conn.info.dbname)
        change = sql.SQL("ALTER DATABASE {} SET {} = {}")
        conn.execute(change.format(name, sql.Identifier(setting), sql.Literal(value)))


async def until(happened: Callable[[], object]) -> None:
    """Look until it has happened; whoever waits for what never happens fails."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while not await asyncio.to_thread(happened):
        assert time.monotonic() < patience, "it never happened"
        await asyncio.sleep(0.005)


async def until_waiting(url: str, writers: int = 1) -> None:
    """Look until so many writers wait for the ledger's lock."""
    await until(lambda: seen(url) == writers)
