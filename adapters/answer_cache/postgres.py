"""Kept answers in PostgreSQL, where every worker finds them; they expire by its clock."""

from dataclasses import dataclass
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from domain.errors import BillingUnavailableError
from domain.kept_answer import Origin

BYTES_MAX: Final = 1024 * 1024
"""A longer answer is not kept."""
ANSWERS_MAX: Final = 10_000
"""So many of a customer's answers outlive a sweep, the newest."""
CUSTOMER_BYTES_MAX: Final = 256 * 1024 * 1024
"""And so much of them, unless told otherwise."""
DELETED_AT_ONCE: Final = 1_000
"""However much is deleted, no statement takes so long that the server ends it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a customer keeps the answer to one call, and how long it may be given again."""

    customer_id: UUID
    key: bytes
    seconds: int


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was before anything was restored in it."""

    origin: Origin
    body: bytes
    """What was sent before the charge of a stream, or all of a whole answer."""
    tail: bytes = b""
    """What was sent after it, without any metadata of ours."""


class PostgresAnswers:
    """All workers' answers; methods raise psycopg.Error unless they say otherwise."""

    def __init__(self, pool: AsyncConnectionPool, bytes_max: int = CUSTOMER_BYTES_MAX) -> None:
        self._pool = pool
        self._bytes_max = bytes_max

    async def find(self, place: Place) -> Kept | None:
        """Find what is kept there, unless it is older than the customer wants it now."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute(_FIND, (place.customer_id, place.key, place.seconds))
            row = await cursor.fetchone()
        return Kept(Origin(*row[:5]), *row[5:]) if row else None

    async def keep(self, place: Place, kept: Kept) -> None:
        """Keep an answer in place of what was there."""
        origin = kept.origin
        values = (
            place.customer_id, place.key, place.seconds, origin.model, origin.provider,
            origin.upstream_model, origin.output_cap, Jsonb(dict(origin.usage)),
            kept.body, kept.tail,
        )  # fmt: skip
        async with self._pool.connection() as conn:
            await conn.execute(_KEEP, values)

    async def forget(self, customer_id: UUID) -> None:
        """Delete everything that a customer has kept, or raise BillingUnavailableError."""
        try:
            async with self._pool.connection() as conn:
                await _delete(conn, _FORGET, customer_id)
        except psycopg.Error as error:
            raise BillingUnavailableError from error

    async def customers(self) -> list[UUID]:
        """Name every customer of whom something is kept."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(_CUSTOMERS)).fetchall()
        return [customer_id for (customer_id,) in rows]

    async def expire(self) -> int:
        """Delete what has expired; returns how many answers that were."""
        async with self._pool.connection() as conn:
            return await _delete(conn, _EXPIRED)

    async def trim(self, customer_id: UUID) -> int:
        """Delete the oldest that are too many or too much for one customer; returns how many."""
        async with self._pool.connection() as conn:
            found = await conn.execute(_SURPLUS, (customer_id, ANSWERS_MAX, self._bytes_max))
            until = await found.fetchone()
            return await _delete(conn, _OLDEST, customer_id, *until) if until else 0


async def _delete(conn: AsyncConnection[Any], statement: LiteralString, *values: object) -> int:
    """Delete some at a time until none are left; the connection is in autocommit."""
    deleted, count = 0, DELETED_AT_ONCE
    while count == DELETED_AT_ONCE:
        count = (await conn.execute(statement, (*values, DELETED_AT_ONCE))).rowcount
        deleted += count
    return deleted


_FIND: Final = """
    SELECT model, provider, upstream_model, output_cap, usage, body, tail FROM answer_cache
    WHERE customer_id = %s AND key = %s AND expires_at > clock_timestamp()
      AND stored_at > clock_timestamp() - make_interval(secs => %s)
"""
_KEEP: Final = """
    INSERT INTO answer_cache AS old
        (customer_id, key, expires_at, model, provider, upstream_model, output_cap, usage,
         body, tail)
    VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s), %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (customer_id, key) DO UPDATE SET
        stored_at = excluded.stored_at, expires_at = excluded.expires_at, model = excluded.model,
        provider = excluded.provider, upstream_model = excluded.upstream_model,
        output_cap = excluded.output_cap, usage = excluded.usage, body = excluded.body,
        tail = excluded.tail
"""
_FORGET: Final[LiteralString] = """
    DELETE FROM answer_cache WHERE (customer_id, key) IN (
        SELECT customer_id, key FROM answer_cache WHERE customer_id = %s LIMIT %s
    )
"""
_CUSTOMERS: Final = "SELECT DISTINCT customer_id FROM answer_cache"
_EXPIRED: Final[LiteralString] = """
    DELETE FROM answer_cache WHERE expires_at <= clock_timestamp() AND ctid = ANY(ARRAY(
        SELECT ctid FROM answer_cache WHERE expires_at <= clock_timestamp() LIMIT %s
    ))
"""
_SURPLUS: Final = """
    SELECT stored_at FROM (
        SELECT stored_at, count(*) OVER newest_first AS answers,
               sum(octet_length(body) + octet_length(tail)) OVER newest_first AS bytes
        FROM answer_cache WHERE customer_id = %s
        WINDOW newest_first AS (ORDER BY stored_at DESC)
    ) AS counted
    WHERE answers > %s OR bytes > %s ORDER BY stored_at DESC LIMIT 1
"""
_OLDEST: Final[LiteralString] = """
    DELETE FROM answer_cache WHERE (customer_id, key) IN (
        SELECT customer_id, key FROM answer_cache WHERE customer_id = %s AND stored_at <= %s
        ORDER BY stored_at LIMIT %s
    )
"""
