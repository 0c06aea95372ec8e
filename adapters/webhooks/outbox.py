"""The outbox: filled from the log in one transaction with its place there, emptied by a lease.

A delivery is claimed before it is sent and recorded after: who dies between leaves it to be sent
again, under the same id. So each is sent at least once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from adapters.ledger.event_codec import decode
from adapters.webhooks.messages import TYPES, Addressee, News, news_of, write_message

WINDOW: Final = 10_000
"""Positions that are looked through in one transaction."""
LEASE_SECONDS: Final = 60
"""More than an attempt can take."""
GIVE_UP_SECONDS: Final = 3 * 24 * 3600
"""How old news may be to be sent, counted from when it happened."""
PENDING, DELIVERED, GIVEN_UP = "pending", "delivered", "given_up"
STATUSES: Final = (PENDING, DELIVERED, GIVEN_UP)

FindAddressee = Callable[[News], Awaitable[Addressee | None]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is due to be sent; `attempts` counts the one that it was claimed for."""

    webhook_id: str
    customer_id: UUID
    body: bytes
    created_at: datetime
    attempts: int


async def fill(conn: AsyncConnection[Any], find_addressee: FindAddressee) -> bool:
    """Read on in the log and note what is to be sent; tells whether its end was reached.

    The connection is in autocommit. Two at once wait for each other.
    """
    async with conn.transaction():
        after, head = map(int, await _row(conn, _PLACE))
        upto = min(head, after + WINDOW)
        found = await conn.execute(_NEWS, (after, upto, TOPICS))
        for position, originator_id, version, topic, state in await found.fetchall():
            news = news_of(position, originator_id, decode(originator_id, version, topic, state))
            addressee = await find_addressee(news)
            if addressee is not None:
                message = write_message(news, addressee)
                await conn.execute(
                    _ADD,
                    (
                        message.webhook_id,
                        position,
                        addressee.customer_id,
                        message.type,
                        message.body,
                        news.fact.timestamp,
                        GIVE_UP_SECONDS,
                    ),
                )
        await conn.execute("UPDATE webhook_position SET position = %s", (upto,))
    return upto == head


async def claim(
    conn: AsyncConnection[Any], limit: int, *, lease_seconds: float = LEASE_SECONDS
) -> list[Delivery]:
    """Take what is due for so long, one a customer, so that a slow one delays only itself."""
    async with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        await cursor.execute(_CLAIM, (lease_seconds, limit))
        return await cursor.fetchall()


async def record(
    conn: AsyncConnection[Any],
    delivery: Delivery,
    *,
    http_status: int | None,
    error: str | None,
    pause_seconds: float | None,
) -> str:
    """Note how an attempt ended, and when the next one is; without a pause there is none.

    Returns the delivery's status. One that another has claimed meanwhile is left to that other.
    """
    delivered = error is None
    row = await _row(
        conn,
        _RECORD,
        (
            delivered,
            pause_seconds,
            GIVE_UP_SECONDS,
            pause_seconds,
            http_status,
            error,
            delivery.webhook_id,
            delivery.attempts,
        ),
    )
    return str(row[0]) if row else PENDING


async def _row(conn: AsyncConnection[Any], query: str, *parameters: Any) -> tuple[Any, ...]:
    found = await (await conn.execute(query.encode(), *parameters)).fetchone()
    return found or ()


TOPICS: Final = sorted(TYPES)
"""No earlier release had them under another name; a test says when that changes."""

_PLACE = """
    SELECT position, (SELECT coalesce(max(position), 0) FROM ledger_events)
    FROM webhook_position FOR UPDATE
"""
_NEWS = """
    SELECT position, originator_id, originator_version, topic, state FROM ledger_events
    WHERE position > %s AND position <= %s AND topic = ANY(%s) ORDER BY position
"""
_ADD = """
    INSERT INTO webhook_deliveries
        (webhook_id, position, customer_id, type, body, created_at, next_attempt_at)
    SELECT new.*, clock_timestamp()
    FROM (SELECT %s::text, %s::bigint, %s::uuid, %s::text, %s::bytea, %s::timestamptz AS at) AS new
    WHERE new.at > clock_timestamp() - make_interval(secs => %s)
    ON CONFLICT DO NOTHING
"""
_CLAIM = """
    UPDATE webhook_deliveries
    SET attempts = attempts + 1,
        last_attempt_at = clock_timestamp(),
        next_attempt_at = clock_timestamp() + make_interval(secs => %s)
    WHERE webhook_id IN (
        SELECT webhook_id FROM webhook_deliveries AS due
        WHERE status = 'pending' AND next_attempt_at <= clock_timestamp() AND NOT EXISTS (
            SELECT FROM webhook_deliveries AS earlier
            WHERE earlier.customer_id = due.customer_id AND earlier.position < due.position
                AND earlier.status = 'pending' AND earlier.next_attempt_at <= clock_timestamp()
        )
        ORDER BY next_attempt_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING webhook_id, customer_id, body, created_at, attempts
"""
_RECORD = """
    UPDATE webhook_deliveries
    SET status = CASE
            WHEN %s THEN 'delivered'
            WHEN clock_timestamp() + make_interval(secs => %s::float)
                < created_at + make_interval(secs => %s) THEN 'pending'
            ELSE 'given_up'
        END,
        next_attempt_at = coalesce(
            clock_timestamp() + make_interval(secs => %s::float), next_attempt_at
        ),
        http_status = %s,
        error = %s
    WHERE webhook_id = %s AND attempts = %s AND status = 'pending'
    RETURNING status
"""
