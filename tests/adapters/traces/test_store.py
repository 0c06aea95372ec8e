"""Traces in the database: found by their own wallet alone, and really deleted after their time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import orjson
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.ledger.connection import open_pool
from adapters.traces import store
from adapters.traces.store import TraceStore, find, forget_traces
from tests.adapters.traces.traces import ATTEMPTS, BEGUN, WHO, refused, trace

T = TypeVar("T")
DAY_NS = 86_400 * 10**9


def do(url: str, work: Callable[[AsyncConnectionPool], Awaitable[T]]) -> T:
    async def opened() -> T:
        pool = await open_pool(url, 2)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(opened())


def stored(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute("SELECT * FROM call_traces ORDER BY began_at").fetchall()


def test_a_trace_is_found_as_it_was_noted(database_url: str) -> None:
    kept = trace()

    async def work(pool: AsyncConnectionPool) -> Any:
        await TraceStore(pool).write([kept])
        async with pool.connection() as conn:
            return await find(conn, WHO.wallet_id, kept.request_id)

    found = do(database_url, work)
    assert found.request_id == kept.request_id
    assert found.key_id == WHO.key_id
    assert found.began_at.timestamp() == pytest.approx(kept.began_ns / 1e9, abs=1e-5)
    assert (found.surface, found.requested, found.held) == ("chat", "auto", True)
    assert (found.status, found.code, found.microseconds) == (200, None, 3_000)
    assert orjson.loads(found.steps) == [list(map(list, BEGUN)), ["status_503", "ok"]]


def test_nobody_finds_anothers(database_url: str) -> None:
    kept = trace()

    async def work(pool: AsyncConnectionPool) -> Any:
        await TraceStore(pool).write([kept])
        async with pool.connection() as conn:
            return await find(conn, UUID(int=99 << 16), kept.request_id)

    assert do(database_url, work) is None


def test_no_trace_is_kept_of_someone_unknown(database_url: str) -> None:
    async def work(pool: AsyncConnectionPool) -> None:
        await TraceStore(pool).write([refused(identity=None)])
        await TraceStore(pool).write([refused(identity=None), refused()])

    do(database_url, work)
    assert len(stored(database_url)) == 1


def test_nothing_of_a_supplier_is_kept(database_url: str) -> None:
    do(database_url, lambda pool: TraceStore(pool).write([trace()]))

    told = str(stored(database_url))
    for attempt in ATTEMPTS:
        assert attempt.provider not in told
        assert attempt.upstream_model not in told


COUNT_DELETED = """
    CREATE TABLE slices (rows int);
    CREATE FUNCTION count_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN INSERT INTO public.slices SELECT count(*) FROM gone; RETURN NULL; END $$;
    CREATE TRIGGER counted AFTER DELETE ON read_model_marks REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION count_deleted();
"""


def test_what_is_older_is_deleted_some_at_a_time_and_nothing_else(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "DELETED_AT_ONCE", 2)
    with psycopg.connect(database_url) as conn:
        conn.execute(COUNT_DELETED)
    now = time.time_ns()
    old = [trace(ended_ns=now - 8 * DAY_NS) for _ in range(5)]
    new = [trace(ended_ns=now - 6 * DAY_NS), refused(ended_ns=now)]

    async def work(pool: AsyncConnectionPool) -> int:
        await TraceStore(pool).write([*old, *new])
        async with pool.connection() as conn:
            await conn.execute(
                "INSERT INTO read_model_marks SELECT n, now() - interval '1 day' * (12.5 - n)"
                " FROM generate_series(1, 7) AS n"
            )
        return await forget_traces(pool, 7)

    assert do(database_url, work) == 5
    assert [row[0] for row in stored(database_url)] == [kept.request_id for kept in new]
    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT position FROM read_model_marks").fetchall() == [(6,), (7,)]
        assert conn.execute("SELECT rows FROM slices").fetchall() == [(2,), (2,), (1,)]
