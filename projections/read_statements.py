"""Reading the register of statements, and each wallet's months."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from domain.calendar import Calendar
from domain.money import Nanos
from domain.periods import DEFAULT_ZONE, month_of
from projections.pages import Page, clamp, page_of, read_cursor


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A closed month of a wallet; what is None was not issued yet. Amounts in nanos."""

    number: int
    customer_id: UUID
    wallet_id: UUID
    currency: str
    period: str
    zone: str
    opening: Nanos
    closing: Nanos
    open_holds: int
    held: Nanos
    closed_at: datetime
    closed_position: int
    drawn_position: int | None
    tree_size: int | None
    sha256: str | None
    issued_at: datetime | None


class WalletMonths(NamedTuple):
    """Whose wallet it is, and which of its months are closed."""

    customer_id: UUID
    wallet_id: UUID
    currency: str
    calendar: Calendar


class Gap(NamedTuple):
    """A number that no statement has, or whose document is still to be issued."""

    number: int
    reason: str


async def statement(
    conn: AsyncConnection[Any], wallet_id: UUID, period: str
) -> StatementRow | None:
    """Find what a closed month came to, or None while it is open."""
    return await _one(conn, " WHERE wallet_id = %s AND period = %s", (wallet_id, period))


async def statement_numbered(conn: AsyncConnection[Any], number: int) -> StatementRow | None:
    """Find a statement by its number."""
    return await _one(conn, " WHERE number = %s", (number,))


async def statements(
    conn: AsyncConnection[Any],
    *,
    customer_id: UUID | None = None,
    period: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[StatementRow]:
    """List statements, the newest first; raises ValueError for a foreign cursor."""
    scope, limit = f"statements {customer_id} {period}", clamp(limit)
    before = read_cursor(scope, cursor)[0] if cursor is not None else None
    values = {"customer_id": customer_id, "period": period, "before": before, "limit": limit + 1}
    async with conn.cursor(row_factory=class_row(StatementRow)) as found:
        await found.execute(_STATEMENTS + _NEWEST, values)
        rows = await found.fetchall()
    return page_of(rows, scope, limit, lambda row: (row.number, 0))


async def unissued(
    conn: AsyncConnection[Any], upto: str, customer_id: UUID | None = None
) -> list[StatementRow]:
    """List the closed months whose document is still to be issued, in the order of numbers."""
    async with conn.cursor(row_factory=class_row(StatementRow)) as found:
        await found.execute(_STATEMENTS + _UNISSUED, {"upto": upto, "customer_id": customer_id})
        return await found.fetchall()


async def issued_by_month(
    conn: AsyncConnection[Any], customer_id: UUID | None = None
) -> Counter[str]:
    """Count the issued statements of each month."""
    found = await conn.execute(_ISSUED, {"customer_id": customer_id})
    return Counter(dict(await found.fetchall()))


async def gaps(conn: AsyncConnection[Any]) -> list[Gap]:
    """Explain every number up to the last one that has no issued document."""
    rows = await (await conn.execute(_GAPS)).fetchall()
    return [Gap(*row) for row in rows]


async def months(
    conn: AsyncConnection[Any], customer_id: UUID | None = None
) -> Sequence[WalletMonths]:
    """Tell which months of every wallet are closed, the oldest wallet first."""
    found = await conn.execute(_MONTHS, {"customer_id": customer_id})
    return [
        WalletMonths(customer_id, wallet_id, currency, _calendar(created_at, closed, starts, zones))
        for customer_id, wallet_id, currency, created_at, closed, starts, zones in (
            await found.fetchall()
        )
    ]


def _calendar(
    created_at: datetime, closed: str | None, starts: list[str], zones: list[str]
) -> Calendar:
    """Know the months as the wallet itself does, but for its balances."""
    cuts = [("", DEFAULT_ZONE), *zip(starts, zones, strict=True)]
    return Calendar(first=month_of(created_at), closed=closed or "", zones=cuts)


async def _one(
    conn: AsyncConnection[Any], condition: LiteralString, values: tuple[object, ...]
) -> StatementRow | None:
    async with conn.cursor(row_factory=class_row(StatementRow)) as found:
        await found.execute(_STATEMENTS + condition, values, prepare=True)
        return await found.fetchone()


_STATEMENTS: Final[LiteralString] = """
    SELECT number, customer_id, wallet_id, currency, period, zone, opening, closing, open_holds,
           held, closed_at, closed_position, drawn_position, tree_size, sha256, issued_at
    FROM read.statements JOIN read.customers USING (wallet_id)
"""
_NEWEST: Final[LiteralString] = """
    WHERE (%(customer_id)s::uuid IS NULL OR customer_id = %(customer_id)s)
      AND (%(period)s::text IS NULL OR period = %(period)s)
      AND (%(before)s::bigint IS NULL OR number < %(before)s)
    ORDER BY number DESC LIMIT %(limit)s
"""
_UNISSUED: Final[LiteralString] = """
    WHERE sha256 IS NULL AND period <= %(upto)s
      AND (%(customer_id)s::uuid IS NULL OR customer_id = %(customer_id)s)
    ORDER BY number
"""
_ISSUED: Final = """
    SELECT period, count(*) FROM read.statements JOIN read.customers USING (wallet_id)
    WHERE sha256 IS NOT NULL
      AND (%(customer_id)s::uuid IS NULL OR customer_id = %(customer_id)s)
    GROUP BY period
"""
_GAPS: Final = """
    SELECT known.number, CASE WHEN statement.number IS NULL THEN 'missing'
                              ELSE 'closed, not issued yet' END
    FROM generate_series(1, (SELECT max(number) FROM read.statements)) AS known (number)
    LEFT JOIN read.statements AS statement USING (number)
    WHERE statement.sha256 IS NULL
    ORDER BY 1
"""
_MONTHS: Final = """
    SELECT customer_id, wallet_id, currency, created_at,
           (SELECT max(period) FROM read.statements WHERE wallet_id = customer.wallet_id),
           ARRAY(SELECT from_period FROM read.time_zones
                 WHERE wallet_id = customer.wallet_id ORDER BY from_period),
           ARRAY(SELECT zone FROM read.time_zones
                 WHERE wallet_id = customer.wallet_id ORDER BY from_period)
    FROM read.customers AS customer
    WHERE %(customer_id)s::uuid IS NULL OR customer_id = %(customer_id)s
    ORDER BY position
"""
