"""What open calls hold, the oldest first: holds that are old are calls that went wrong."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from domain import ids
from projections.lines import Line
from projections.long_read import Row, rows_of
from projections.reports.report import Asked, Report, Totals, amounts_of, bucket_of
from projections.times import write_time

BUCKETS: Final = ((60, "1 minute"), (600, "10 minutes"), (3600, "1 hour"))
BEYOND: Final = "older"


async def lines(conn: AsyncConnection[Any], asked: Asked) -> AsyncGenerator[Line]:
    """Draw a line for each open call."""
    async for rows in rows_of(conn, _QUERY, {"customer_id": asked.customer_id}):
        for row in rows:
            yield _line(row, asked.now)


def _line(row: Row, now: datetime) -> Line:
    age = int((now - row["created_at"]).total_seconds())
    return {
        "customer_id": ids.public(ids.CUSTOMER, row["customer_id"]),
        "currency": row["currency"],
        "request_id": ids.public(ids.REQUEST, row["request_id"]),
        "api_key_id": ids.public(ids.KEY, row["key_id"]),
        "model": row["model"],
        "held_at": write_time(row["created_at"]),
        "expires_at": write_time(row["expires_at"]),
        "age_seconds": age,
        "age": bucket_of(age, BUCKETS, BEYOND),
        "overdue": "yes" if row["expires_at"] <= now else "no",
        **amounts_of(row, "amount"),
    }


HOLDS_AGEING: Final = Report(
    name="holds-ageing",
    columns=(
        "customer_id", "currency", "request_id", "api_key_id", "model", "held_at", "expires_at",
        "age_seconds", "age", "overdue", "amount",
    ),
    totals=Totals(("currency", "age", "overdue"), ("amount",)),
    parameters=frozenset({"customer_id"}),
    lines=lines,
)  # fmt: skip

_QUERY: Final = """
    SELECT owner.customer_id, currency, request_id, held.key_id, model, call.created_at,
           held.expires_at, held.amount
    FROM read.open_requests AS held
    JOIN read.calls AS call USING (request_id)
    JOIN read.customers AS owner ON owner.wallet_id = held.wallet_id
    WHERE %(customer_id)s::uuid IS NULL OR owner.customer_id = %(customer_id)s
    ORDER BY call.created_at, request_id
"""
