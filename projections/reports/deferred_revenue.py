"""Deferred revenue: credit that is owed in calls, rolled forward month by month.

opening + grants - charges ± corrections - expiries - voids ± debt repaid = closing
"""

from collections.abc import AsyncGenerator, Iterator
from typing import Any, Final

from psycopg import AsyncConnection

from domain import ids
from domain.money import format_amount
from domain.periods import next_month
from projections.lines import Line
from projections.lot_moves import KINDS
from projections.reports.report import Asked, Report, Totals
from projections.reports.rolled import Account, Months, rolled


async def lines(conn: AsyncConnection[Any], asked: Asked) -> AsyncGenerator[Line]:
    """Draw a line for each month of each account, of everybody or customer by customer."""
    async for found in rolled(conn, asked):
        for line in _lines(found, asked):
            yield line


def _lines(found: Months, asked: Asked) -> Iterator[Line]:
    """Roll forward through quiet months too, as long as there is something to carry."""
    month, balance = min(found.moves), 0
    last = asked.until or max(found.moves)
    while month <= last:
        moves = found.moves.get(month, {})
        opening, balance = balance, balance + sum(moves.values())
        if (opening or moves) and month >= (asked.since or month):
            yield _line(found.account, month, {"opening": opening, **moves, "closing": balance})
        month = next_month(month)


def _line(account: Account, month: str, figures: dict[str, int]) -> Line:
    customer_id = account.customer_id
    return {
        "month": month,
        "currency": account.currency,
        "customer_id": customer_id and ids.public(ids.CUSTOMER, customer_id),
        "category": account.category,
        **{name: format_amount(figures.get(name, 0)) for name in ("opening", *KINDS, "closing")},
    }


DEFERRED_REVENUE: Final = Report(
    name="deferred-revenue",
    columns=("month", "currency", "customer_id", "category", "opening", *KINDS, "closing"),
    totals=Totals(("currency", "month"), ("opening", *KINDS, "closing")),
    parameters=frozenset({"customer_id", "from", "to", "by"}),
    lines=lines,
)
