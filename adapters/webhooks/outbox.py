"""The outbox: filled from the log in one transaction with its place there, emptied by a lease.

A delivery is claimed before it is sent and recorded after: who dies between leaves it to be sent
again, under the same id. So each is sent at least once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from adapters.ledger.event_codec import decode
from adapters.webhooks.messages import TYPES, Addressee, News, news_of, write_message

WINDOW: Final = 10_000
"""Positions that are looked through in one transaction."""
NEWS_AT_ONCE: Final = 500
"""News of which one transaction asks whose they are: a server ends the one that asks for long."""
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
        *place, now = await _row(conn, _PLACE)
        after, head = map(int, place)
        found, upto = await _news(conn, after, min(head, after + WINDOW))
        too_old, told = now - timedelta(seconds=GIVE_UP_SECONDS), set[str]()
        for news in found:
            # A re-rating concerns many calls and is told once.
            if news.message_id in told or news.fact.timestamp <= too_old:
                continue
            told.add(news.message_id)
            addressee = await find_addressee(news)
            if addressee is not None:
                await _add(conn, news, addressee)
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


async def _news(conn: AsyncConnection[Any], after: int, upto: int) -> tuple[list[News], int]:
    """Read some news and how far in the log they reach: not all the way if they are many."""
    found = await conn.execute(_NEWS, (after, upto, TOPICS, NEWS_AT_ONCE))
    news = [
        news_of(position, originator_id, decode(originator_id, version, topic, state))
        for position, originator_id, version, topic, state in await found.fetchall()
    ]
    return news, news[-1].position if len(news) == NEWS_AT_ONCE else upto


async def _add(conn: AsyncConnection[Any], news: News, addressee: Addressee) -> None:
    message = write_message(news, addressee)
    values = (
        message.webhook_id, news.position, addressee.customer_id, message.type, message.body,
        news.fact.timestamp,
    )  # fmt: skip
    await conn.execute(_ADD, values)


async def _row(conn: AsyncConnection[Any], query: str, *parameters: Any) -> tuple[Any, ...]:
    found = await (await conn.execute(query.encode(), *parameters)).fetchone()
    return found or ()


TOPICS: Final = sorted(TYPES)
"""What earlier releases called otherwise, they told nobody of; a test says when that changes."""

_PLACE = """
    SELECT position, (SELECT coalesce(max(position), 0) FROM ledger_events), clock_timestamp()
    FROM webhook_position FOR UPDATE
"""
_NEWS = """
    SELECT position, originator_id, originator_version, topic, state FROM ledger_events
    WHERE position > %s AND position <= %s AND topic = ANY(%s) ORDER BY position
    LIMIT %s
"""
_ADD = """
    INSERT INTO webhook_deliveries
        (webhook_id, position, customer_id, type, body, created_at, next_attempt_at)
    VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp())
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
                < greatest(created_at, replayed_at) + make_interval(secs => %s) THEN 'pending'
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
