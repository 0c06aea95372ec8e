"""Reading charges to rate them again: chosen by a selector, in order, a slice at a time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from domain.money import Nanos
from projections.long_read import long_read

FETCHED: Final = 2_000
"""Charges fetched at once: a month has millions."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which charges; what is None does not matter."""

    model: str | None = None
    period: str | None = None
    price_version: str | None = None
    customer_id: UUID | None = None
    upto: int | None = None
    """Only calls that were held by this position of the log."""


@dataclass(slots=True)
class Charge:
    """A charged call as far as rating it again goes; amounts in nanos."""

    request_id: UUID
    customer_id: UUID
    wallet_id: UUID
    key_id: UUID
    model: str
    price_version: str
    price_list: str | None
    service_tier: str | None
    basis: str
    hold: Nanos
    charged: Nanos
    corrected: Nanos
    created_position: int
    usage: dict[str, int] = field(default_factory=dict[str, int])


async def charges(
    conn: AsyncConnection[Any], selector: Selector, *, after: int, limit: int
) -> list[Charge]:
    """Give the next charges after a position, the oldest hold first."""
    conditions, values = _conditions(selector)
    query = sql.SQL(_CHARGES + _SLICE).format(conditions)
    async with long_read(conn), conn.cursor(row_factory=class_row(Charge)) as cursor:
        await cursor.execute(query, (*values, after, limit))
        return await cursor.fetchall()


async def every_charge(conn: AsyncConnection[Any], selector: Selector) -> AsyncIterator[Charge]:
    """Walk all charges that a selector names, in no order, however many there are."""
    conditions, values = _conditions(selector)
    async with (
        long_read(conn),
        conn.cursor("charges", row_factory=class_row(Charge)) as cursor,
    ):
        cursor.itersize = FETCHED
        await cursor.execute(sql.SQL(_CHARGES).format(conditions), values)
        async for charge in cursor:
            yield charge


def _conditions(selector: Selector) -> tuple[sql.Composed, tuple[object, ...]]:
    asked: dict[LiteralString, object] = {
        " AND model = %s": selector.model,
        " AND period = %s": selector.period,
        " AND price_version = %s": selector.price_version,
        " AND customer_id = %s": selector.customer_id,
        " AND created_position <= %s": selector.upto,
    }
    given: dict[LiteralString, object] = {
        condition: value for condition, value in asked.items() if value is not None
    }
    return sql.SQL("").join(map(sql.SQL, given)), tuple(given.values())


_CHARGES: LiteralString = """
    SELECT request_id, customer_id, wallet_id, key_id, model, price_version,
           price_list, service_tier, basis, hold,
           amount AS charged, corrected, created_position, usage
    FROM read.calls
    WHERE status = 'charged'{}
"""
_SLICE: LiteralString = " AND created_position > %s ORDER BY created_position LIMIT %s"
