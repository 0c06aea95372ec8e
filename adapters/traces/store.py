"""Traces in PostgreSQL: written by the batch, found by request, and deleted after their time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import args_row
from psycopg_pool import AsyncConnectionPool

from adapters.traces.call_trace import CallTrace
from domain.reserve_call import Identity

DELETED_AT_ONCE: Final = 10_000
_NANOS: Final = 10**9


class StoredTrace(NamedTuple):
    """A trace as it was kept, in the order of the columns."""

    request_id: UUID
    key_id: UUID
    began_at: datetime
    surface: str
    requested: str | None
    held: bool
    status: int | None
    code: str | None
    microseconds: int
    steps: str
    """In JSON: a list of steps and when each began in nanoseconds, and the attempts' outcomes."""


class TraceStore:
    """Where the workers' traces go; those of nobody we know are left out, for nobody may ask."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def write(self, traces: Sequence[CallTrace]) -> None:
        """Keep traces, or raise psycopg.Error or PoolTimeout with none of them kept."""
        rows = [_row(trace, trace.identity) for trace in traces if trace.identity is not None]
        if rows:
            async with self._pool.connection() as conn:
                await conn.execute(_WRITE, (orjson.dumps(rows).decode(),))


async def find(conn: AsyncConnection[Any], wallet_id: UUID, request_id: UUID) -> StoredTrace | None:
    """Find the trace of a wallet's call."""
    async with conn.cursor(row_factory=args_row(StoredTrace)) as cursor:
        await cursor.execute(_FIND, (request_id, wallet_id))
        return await cursor.fetchone()


async def forget_traces(pool: AsyncConnectionPool, days: float) -> int:
    """Delete what is older, some at a time; returns how many traces that were."""
    async with pool.connection() as conn:
        deleted = await _delete(conn, _FORGET, days)
        await _delete(conn, _FORGET_MARKS, days)
    return deleted


async def _delete(conn: AsyncConnection[Any], statement: LiteralString, days: float) -> int:
    """Delete some at a time until none are left; the connection is in autocommit."""
    deleted, count, given = 0, DELETED_AT_ONCE, {"days": days, "most": DELETED_AT_ONCE}
    while count == DELETED_AT_ONCE:
        count = (await conn.execute(statement, given)).rowcount
        deleted += count
    return deleted


def _row(trace: CallTrace, who: Identity) -> dict[str, Any]:
    # Never to whom they went. Whoever reads this one subtracts: most traces nobody reads.
    outcomes = [attempt.outcome for attempt in trace.attempts]
    return {
        "request_id": trace.request_id,
        "wallet_id": who.wallet_id,
        "key_id": who.key_id,
        "began_at": datetime.fromtimestamp(trace.began_ns / _NANOS, UTC),
        "surface": trace.surface,
        "requested": trace.requested,
        "held": trace.held,
        "status": trace.status,
        "code": trace.code,
        "microseconds": trace.nanoseconds // 1_000,
        "steps": (trace.begun, outcomes),
    }


_WRITE: Final = """
    INSERT INTO call_traces
        (request_id, wallet_id, key_id, began_at, surface, requested, held, status, code,
         microseconds, steps)
    SELECT request_id, wallet_id, key_id, began_at, surface, requested, held, status, code,
           microseconds, steps
    FROM json_to_recordset(%s::json) AS written
        (request_id uuid, wallet_id uuid, key_id uuid, began_at timestamptz, surface text,
         requested text, held bool, status int, code text, microseconds bigint, steps text)
"""
"""One value, which the server takes apart: a batch is written at about the cost of one trace."""
_FIND: Final = """
    SELECT request_id, key_id, began_at, surface, requested, held, status, code, microseconds,
           steps
    FROM call_traces WHERE request_id = %s AND wallet_id = %s
"""
_FORGET: Final[LiteralString] = """
    DELETE FROM call_traces WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM call_traces
        WHERE began_at < clock_timestamp() - make_interval(secs => %(days)s * 86400) LIMIT %(most)s
    ))
"""
_FORGET_MARKS: Final[LiteralString] = """
    DELETE FROM read_model_marks WHERE position IN (
        SELECT position FROM (
            SELECT position, reached_at FROM read_model_marks ORDER BY position LIMIT %(most)s
        ) AS first
        WHERE reached_at < clock_timestamp() - make_interval(secs => %(days)s * 86400)
    )
"""
"""Times grow with positions, so that the first in the index are the oldest."""
