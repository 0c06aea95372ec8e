"""Contents in PostgreSQL, which deletes them by its own clock."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.call_contents.content import Content, KeptContent
from domain.errors import BillingUnavailableError

CUSTOMER_BYTES_MAX: Final = 1024**3
"""So much of each customer's outlives a sweep, the newest, unless told otherwise."""
DELETED_AT_ONCE: Final = 1_000
"""However much is deleted, no statement takes so long that the server ends it."""


class ContentStore:
    """All workers' contents; methods raise BillingUnavailableError without the database."""

    def __init__(self, pool: AsyncConnectionPool, bytes_max: int = CUSTOMER_BYTES_MAX) -> None:
        self._pool = pool
        self._bytes_max = bytes_max

    async def keep(self, contents: Sequence[Content]) -> None:
        """Keep contents, all of them or none."""
        rows = [
            (one.request_id, one.customer_id, one.prompt, bytes(one.answer), one.cut)
            for one in contents
        ]
        try:
            async with self._pool.connection() as conn, conn.cursor() as cursor:
                await cursor.executemany(_KEEP, rows)
        except (psycopg.Error, PoolTimeout) as error:
            raise BillingUnavailableError from error

    async def find(self, customer_id: UUID, request_id: UUID, days: int) -> KeptContent | None:
        """Find what is kept of a customer's call, unless it should be deleted by now."""
        rows = await self._rows(_FIND, (request_id, customer_id, days))
        return KeptContent(*rows[0]) if rows else None

    async def customers(self) -> list[UUID]:
        """Name every customer of whom something is kept."""
        return [customer_id for (customer_id,) in await self._rows(_CUSTOMERS, ())]

    async def forget(self, customer_id: UUID, days: int = 0) -> int:
        """Delete what is older than so many days; returns of how many calls that was."""
        return await self._delete(await self._rows(_OLD, (days,)), customer_id)

    async def trim(self, customer_id: UUID) -> int:
        """Delete the oldest that are too much for one customer; returns of how many calls."""
        found = await self._rows(_TOO_MUCH, (customer_id, self._bytes_max))
        return await self._delete(found, customer_id)

    async def _delete(self, until: list[tuple[Any, ...]], customer_id: UUID) -> int:
        """Delete what was kept until then, if any, the oldest first and some at a time."""
        deleted, count = 0, DELETED_AT_ONCE
        while until and count == DELETED_AT_ONCE:
            count = len(await self._rows(_FORGET, (customer_id, *until[0], DELETED_AT_ONCE)))
            deleted += count
        return deleted

    async def _rows(self, statement: bytes, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            async with self._pool.connection() as conn:
                return await (await conn.execute(statement, values)).fetchall()
        except (psycopg.Error, PoolTimeout) as error:
            raise BillingUnavailableError from error


_KEEP: Final = """
    INSERT INTO call_contents (request_id, customer_id, prompt, answer, cut)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_FIND: Final = b"""
    SELECT kept_at, prompt, answer, cut FROM call_contents
    WHERE request_id = %s AND customer_id = %s
      AND kept_at > clock_timestamp() - make_interval(days => %s)
"""
_CUSTOMERS: Final = b"SELECT DISTINCT customer_id FROM call_contents"
_OLD: Final = b"SELECT clock_timestamp() - make_interval(days => %s)"
_TOO_MUCH: Final = b"""
    SELECT kept_at FROM (
        SELECT kept_at, sum(bytes) OVER (ORDER BY kept_at DESC) AS bytes FROM call_contents
        WHERE customer_id = %s
    ) AS newest_first
    WHERE bytes > %s ORDER BY kept_at DESC LIMIT 1
"""
_FORGET: Final = b"""
    DELETE FROM call_contents WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM call_contents WHERE customer_id = %s AND kept_at <= %s
        ORDER BY kept_at LIMIT %s
    ))
    RETURNING request_id
"""
