"""Reading balances and transactions: plain queries, amounts in nanos.

Call `freshness.catch_up` before, on the same connection, to see one's own writes.
"""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from domain.money import Nanos
from projections.pages import Page, clamp, page_of, read_cursor

_TRANSACTION_ID: Final = re.compile(r"txn_([1-9a-f][0-9a-f]{0,14})_(0|[1-9][0-9]{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Balance:
    """A wallet's figures at a position of the log."""

    wallet_id: UUID
    customer_id: UUID
    currency: str
    posted: Nanos
    reserved: Nanos
    available: Nanos
    debt: Nanos
    open_holds: int
    updated_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """One ledger entry and what it did to the wallet's two figures."""

    wallet_id: UUID
    position: int
    entry: int
    type: str
    available: Nanos
    posted: Nanos
    available_after: Nanos
    request_id: UUID | None
    key_id: UUID | None
    grant_id: UUID | None
    correction_id: UUID | None
    period: str
    """The month in which it is booked."""
    corrects: str | None
    """Of a correction: the month in which the charge is booked."""
    created_at: datetime

    @property
    def transaction_id(self) -> str:
        """Name the entry by its place in the log, the same after every rebuild."""
        return f"txn_{self.position:x}_{self.entry}"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which transactions; `since` and the position `upto` are included, `until` is not."""

    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    request_id: UUID | None = None
    upto: int | None = None


NO_FILTERS: Final = Filters()
BATCH: Final = 2_000
"""Rows of a long list that are in memory at once."""

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]


async def balance(conn: AsyncConnection[Any], wallet_id: UUID) -> Balance | None:
    """Find a wallet's figures."""
    async with conn.cursor(row_factory=class_row(Balance)) as cursor:
        await cursor.execute(_BALANCE, (wallet_id,), prepare=True)
        return await cursor.fetchone()


async def transactions(
    conn: AsyncConnection[Any],
    wallet_id: UUID,
    filters: Filters = NO_FILTERS,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Transaction]:
    """List a wallet's transactions, the newest first; raises ValueError for a foreign cursor."""
    scope = f"transactions {wallet_id} {filters}"
    limit = clamp(limit)
    conditions = _conditions(filters)
    if cursor is not None:
        conditions["(position, entry) < (%s, %s)"] = read_cursor(scope, cursor)
    query = sql.SQL(_PAGE).format(sql.SQL("").join(sql.SQL(f" AND {c}") for c in conditions))
    values = [value for values in conditions.values() for value in values]
    async with conn.cursor(row_factory=class_row(Transaction)) as found:
        await found.execute(query, (wallet_id, *values, limit + 1))
        rows = await found.fetchall()
    return page_of(rows, scope, limit, lambda row: (row.position, row.entry))


async def all_transactions(
    connect: Connect,
    wallet_id: UUID,
    filters: Filters = NO_FILTERS,
    *,
    upto: int,
    batch: int = BATCH,
) -> AsyncGenerator[Sequence[Transaction]]:
    """Give a wallet's transactions up to a position, the oldest first, in batches.

    Each batch is a query of its own on a connection of its own: a transaction over a long
    download would be ended by the server. Rows are only ever added, so the list is one all the
    same.
    """
    conditions = _conditions(filters)
    conditions["position <= %s"] = (min(upto, filters.upto or upto),)
    query = sql.SQL(_BATCH).format(sql.SQL("").join(sql.SQL(f" AND {c}") for c in conditions))
    values = [value for values in conditions.values() for value in values]
    place = (0, 0)
    while True:
        async with connect() as conn, conn.cursor(row_factory=class_row(Transaction)) as found:
            await found.execute(query, (wallet_id, *values, *place, batch))
            rows = await found.fetchall()
        if rows:
            yield rows
        if len(rows) < batch:
            return
        place = (rows[-1].position, rows[-1].entry)


async def transaction(
    conn: AsyncConnection[Any], wallet_id: UUID, transaction_id: str
) -> Transaction | None:
    """Find one transaction of a wallet by its id, or None, also for what is no id at all."""
    match = _TRANSACTION_ID.fullmatch(transaction_id)
    if match is None:
        return None
    async with conn.cursor(row_factory=class_row(Transaction)) as cursor:
        await cursor.execute(_ONE, (wallet_id, int(match[1], 16), int(match[2])), prepare=True)
        return await cursor.fetchone()


def _conditions(filters: Filters) -> dict[LiteralString, tuple[object, ...]]:
    """Give the conditions that are asked for, each with its values."""
    asked: dict[LiteralString, object] = {
        "type = %s": filters.type,
        "created_at >= %s": filters.since,
        "created_at < %s": filters.until,
        "request_id = %s": filters.request_id,
        "position <= %s": filters.upto,
    }
    return {condition: (value,) for condition, value in asked.items() if value is not None}


_BALANCE = """
    SELECT wallet_id, customer_id, currency, posted, reserved, available, debt, open_holds,
           updated_at, position
    FROM read.balances WHERE wallet_id = %s
"""
_TRANSACTION: LiteralString = """
    SELECT wallet_id, position, entry, type, available, posted, available_after, request_id,
           key_id, grant_id, correction_id, period, corrects, created_at
    FROM read.transactions WHERE wallet_id = %s
"""
_PAGE: LiteralString = _TRANSACTION + "{} ORDER BY position DESC, entry DESC LIMIT %s"
_BATCH: LiteralString = _TRANSACTION + (
    "{} AND (position, entry) > (%s, %s) ORDER BY position, entry LIMIT %s"
)
_ONE: LiteralString = _TRANSACTION + " AND position = %s AND entry = %s"
