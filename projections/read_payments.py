"""Reading payments."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from domain.money import Nanos
from projections.pages import Page, clamp, page_of, read_cursor

ANNOUNCED, UNAPPLIED, APPLIED = "announced", "unapplied", "applied"
STATUSES: Final = (ANNOUNCED, UNAPPLIED, APPLIED)


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment, in nanos; the amount is None until money came in."""

    payment_id: UUID
    provider: str
    reference: str
    status: str
    amount: Nanos | None
    currency: str | None
    problem: str | None
    customer_id: UUID | None
    refunded: Nanos
    voided: Nanos
    shortfall: Nanos
    questions: list[str]
    needs_attention: bool
    created_at: datetime
    updated_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class PaymentFilters:
    """Which payments to list; None is all of them."""

    status: str | None = None
    needs_attention: bool | None = None
    customer_id: UUID | None = None


async def payment(conn: AsyncConnection[Any], payment_id: UUID) -> PaymentRow | None:
    """Find a payment."""
    async with conn.cursor(row_factory=class_row(PaymentRow)) as cursor:
        await cursor.execute(_PAYMENTS + " WHERE payment_id = %s", (payment_id,), prepare=True)
        return await cursor.fetchone()


async def payments(
    conn: AsyncConnection[Any],
    filters: PaymentFilters,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[PaymentRow]:
    """List payments, the newest first; raises ValueError for a foreign cursor."""
    scope, limit = f"payments {filters}", clamp(limit)
    before = read_cursor(scope, cursor)[0] if cursor is not None else None
    wanted = (filters.status, filters.needs_attention, filters.customer_id, before)
    given = [value for value in wanted if value is not None]
    conditions = [
        text for text, value in zip(_CONDITIONS, wanted, strict=True) if value is not None
    ]
    query = _PAYMENTS + " WHERE " + " AND ".join(("true", *conditions)) + _NEWEST
    async with conn.cursor(row_factory=class_row(PaymentRow)) as found:
        await found.execute(query.encode(), (*given, limit + 1))
        rows = await found.fetchall()
    return page_of(rows, scope, limit, lambda row: (row.position, 0))


_PAYMENTS: LiteralString = """
    SELECT payment_id, provider, reference, status, amount, currency, problem, customer_id,
           refunded, voided, shortfall, questions, needs_attention, created_at, updated_at, position
    FROM read.payments
"""
_CONDITIONS: Final[tuple[LiteralString, ...]] = (
    "status = %s",
    "needs_attention = %s",
    "customer_id = %s",
    "position < %s",
)
_NEWEST: LiteralString = " ORDER BY position DESC LIMIT %s"
