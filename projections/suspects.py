"""What the sweeper is told: whose holds and grants seem to have run out.

They are suspects only. The read model may lag, and the writer's horizon may be behind the clock.
"""

from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

REQUESTS_MAX: Final = 200
"""Calls of one wallet that are named at once: each is an aggregate to load under the lock."""


class Suspects(NamedTuple):
    """A wallet to sweep, and what else its holds were open on; the rest comes the next time."""

    wallet_id: UUID
    key_ids: list[UUID]
    request_ids: list[UUID]


async def suspects(conn: AsyncConnection[Any], *, limit: int = 1_000) -> list[Suspects]:
    """Name the wallets with something overdue by the database's clock, the longest first."""
    rows = await (await conn.execute(_SUSPECTS, (REQUESTS_MAX, limit), prepare=True)).fetchall()
    return [Suspects(*row) for row in rows]


_SUSPECTS = """
    WITH due AS (
        SELECT wallet_id, key_id, request_id, expires_at,
               row_number() OVER (PARTITION BY wallet_id ORDER BY expires_at) AS place
        FROM read.open_requests WHERE expires_at <= clock_timestamp()
        UNION ALL
        SELECT wallet_id, NULL, NULL, expires_at, 0
        FROM read.grants WHERE expiring AND expires_at <= clock_timestamp()
    )
    SELECT wallet_id,
           coalesce(array_agg(DISTINCT key_id) FILTER (WHERE key_id IS NOT NULL), '{}'),
           coalesce(array_agg(request_id ORDER BY expires_at)
                    FILTER (WHERE request_id IS NOT NULL), '{}')
    FROM due WHERE place <= %s
    GROUP BY wallet_id ORDER BY min(expires_at) LIMIT %s
"""
