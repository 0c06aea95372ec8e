"""Reading one's own writes: wait until the read models have reached the log's end at arrival."""

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from psycopg import AsyncConnection

from projections.catalogue import ALL
from projections.errors import ProjectionLagError
from projections.events import CHANNEL
from projections.projection import Projection

PATIENCE_SECONDS: Final = 2.0
FIRST_PAUSE_SECONDS: Final = 0.002
LAST_PAUSE_SECONDS: Final = 0.05


class Lag(NamedTuple):
    """How far a read model is behind the log, and by how much time."""

    name: str
    positions: int
    seconds: float
    halted_at: int | None
    """The position of an event that it could not take; then it will not catch up by itself."""


async def catch_up(
    conn: AsyncConnection[Any],
    projections: Iterable[Projection] = ALL,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> int:
    """Wait until the read models show all that was committed when this was called.

    Returns that position, or raises ProjectionLagError. The connection is in autocommit.
    """
    assert conn.autocommit, "a NOTIFY leaves with its commit"
    wanted = {projection.name: projection.version for projection in projections}
    head, reached = await _positions(conn, wanted)
    if reached >= head:
        return head
    deadline = time.monotonic() + patience_seconds
    await conn.execute(f"NOTIFY {CHANNEL}")
    pause = FIRST_PAUSE_SECONDS
    while time.monotonic() < deadline:
        await asyncio.sleep(pause)
        pause = min(2 * pause, LAST_PAUSE_SECONDS)
        _, reached = await _positions(conn, wanted)
        if reached >= head:
            return head
    raise ProjectionLagError(behind=head - reached)


async def lag(conn: AsyncConnection[Any], projections: Iterable[Projection] = ALL) -> list[Lag]:
    """Tell how far behind each read model is, for readiness and metrics."""
    wanted = {projection.name: projection.version for projection in projections}
    rows = await (await conn.execute(_LAG, _columns(wanted), prepare=True)).fetchall()
    return [
        Lag(name, head - position, _age(now, oldest), halted_at)
        for name, position, halted_at, head, now, oldest in rows
    ]


async def _positions(conn: AsyncConnection[Any], wanted: dict[str, int]) -> tuple[int, int]:
    """Give the log's end and the least position; a read model that is not there is at 0."""
    row = await (await conn.execute(_POSITIONS, _columns(wanted), prepare=True)).fetchone()
    assert row is not None, "an aggregate always has a row"
    return row[0], row[1]


def _columns(wanted: dict[str, int]) -> tuple[list[str], list[int]]:
    return list(wanted), list(wanted.values())


def _age(now: datetime, oldest: bytes | None) -> float:
    """Tell how long ago the first event that is missing was appended."""
    if oldest is None:
        return 0.0
    return max(
        0.0, (now - datetime.fromisoformat(orjson.loads(oldest)["timestamp"])).total_seconds()
    )


_POSITIONS = """
    SELECT (SELECT coalesce(max(position), 0) FROM public.ledger_events),
           coalesce(min(coalesce(place.position, 0)), 0)
    FROM unnest(%s::text[], %s::int[]) AS wanted (name, version)
    LEFT JOIN read.projection_positions AS place USING (name, version)
"""
_LAG = """
    SELECT wanted.name, coalesce(place.position, 0), place.halted_at,
           coalesce((SELECT max(position) FROM public.ledger_events), 0), clock_timestamp(),
           (SELECT state FROM public.ledger_events
            WHERE position > coalesce(place.position, 0) ORDER BY position LIMIT 1)
    FROM unnest(%s::text[], %s::int[]) AS wanted (name, version)
    LEFT JOIN read.projection_positions AS place USING (name, version)
"""
