"""Reading the outbox: what was sent, what waits, and what was given up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as an operator sees it; the address is the customer's and erasable."""

    webhook_id: str
    position: int
    customer_id: UUID
    type: str
    status: str
    attempts: int
    http_status: int | None
    error: str | None
    created_at: datetime
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None


async def deliveries(
    conn: AsyncConnection[Any],
    *,
    status: str | None,
    customer_id: UUID | None,
    before: int | None,
    limit: int,
    kind: str | None = None,
) -> list[DeliveryRow]:
    """List deliveries, the newest first, from before a position on; `kind` is of their messages."""
    wanted = (status, customer_id, before, kind)
    given = [value for value in wanted if value is not None]
    conditions = [
        text for text, value in zip(_CONDITIONS, wanted, strict=True) if value is not None
    ]
    query = _DELIVERIES + " AND ".join(("true", *conditions)) + _NEWEST
    async with conn.cursor(row_factory=class_row(DeliveryRow)) as cursor:
        await cursor.execute(query.encode(), (*given, limit))
        return await cursor.fetchall()


async def delivery(
    conn: AsyncConnection[Any], customer_id: UUID, webhook_id: str
) -> DeliveryRow | None:
    """Find a delivery of a customer's."""
    query = _DELIVERIES + "customer_id = %s AND webhook_id = %s"
    async with conn.cursor(row_factory=class_row(DeliveryRow)) as cursor:
        await cursor.execute(query.encode(), (customer_id, webhook_id))
        return await cursor.fetchone()


_DELIVERIES: LiteralString = """
    SELECT webhook_id, position, customer_id, type, status, attempts, http_status, error,
           created_at, last_attempt_at,
           CASE WHEN status = 'pending' THEN next_attempt_at END AS next_attempt_at
    FROM webhook_deliveries WHERE
"""
_CONDITIONS: Final[tuple[LiteralString, ...]] = (
    "status = %s",
    "customer_id = %s",
    "position < %s",
    "type = %s",
)
_NEWEST: LiteralString = " ORDER BY position DESC LIMIT %s"
