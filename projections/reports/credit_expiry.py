"""Credit that will run out, the soonest first: what breakage is to be expected when."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from domain import ids
from projections.lines import Line
from projections.long_read import Row, rows_of
from projections.reports.report import Asked, Report, Totals, amounts_of, bucket_of
from projections.times import write_time

BUCKETS: Final = ((0, "overdue"), (7, "7 days"), (30, "30 days"), (90, "90 days"))
BEYOND: Final = "later"
DAY_SECONDS: Final = 24 * 3600


async def lines(conn: AsyncConnection[Any], asked: Asked) -> AsyncGenerator[Line]:
    """Draw a line for each grant that has an end and something left."""
    async for rows in rows_of(conn, _QUERY, {"customer_id": asked.customer_id}):
        for row in rows:
            yield _line(row, asked.now)


def _line(row: Row, now: datetime) -> Line:
    left = -(-int((row["expires_at"] - now).total_seconds()) // DAY_SECONDS)
    return {
        "customer_id": ids.public(ids.CUSTOMER, row["customer_id"]),
        "currency": row["currency"],
        "grant_id": ids.public(ids.GRANT, row["grant_id"]),
        "category": row["category"],
        "expires_at": write_time(row["expires_at"]),
        "days_left": left,
        "within": bucket_of(left, BUCKETS, BEYOND),
        "reference": row["reference"],
        **amounts_of(row, "granted", "consumed", "remaining", "held"),
    }


CREDIT_EXPIRY: Final = Report(
    name="credit-expiry",
    columns=(
        "customer_id", "currency", "grant_id", "category", "expires_at", "days_left", "within",
        "reference", "granted", "consumed", "remaining", "held",
    ),
    totals=Totals(("currency", "category", "within"), ("remaining", "held")),
    parameters=frozenset({"customer_id"}),
    lines=lines,
)  # fmt: skip

_QUERY: Final = """
    SELECT customer_id, currency, grant_id, category, expires_at, reference, granted, consumed,
           remaining, held
    FROM read.grants JOIN read.customers USING (wallet_id)
    WHERE expires_at IS NOT NULL AND remaining + held > 0
      AND (%(customer_id)s::uuid IS NULL OR customer_id = %(customer_id)s)
    ORDER BY expires_at, grant_id
"""
