"""The register of corrections: what was charged, what was changed, by whom and why."""

from collections.abc import AsyncGenerator
from typing import Any, Final

from psycopg import AsyncConnection

from domain import ids
from projections.lines import Line
from projections.long_read import Row, rows_of
from projections.reports.report import Asked, Report, Totals, amounts_of
from projections.times import write_time


async def lines(conn: AsyncConnection[Any], asked: Asked) -> AsyncGenerator[Line]:
    """Draw a line for each correction that was booked in these months."""
    values = {"customer_id": asked.customer_id, "since": asked.since, "until": asked.until}
    async for rows in rows_of(conn, _QUERY, values):
        for row in rows:
            yield _line(row)


def _line(row: Row) -> Line:
    return {
        "correction_id": ids.public(ids.CORRECTION, row["correction_id"]),
        "at": write_time(row["created_at"]),
        "month": row["period"],
        "corrects": row["corrects"],
        "customer_id": ids.public(ids.CUSTOMER, row["customer_id"]),
        "request_id": ids.public(ids.REQUEST, row["request_id"]),
        "model": row["model"],
        "currency": row["currency"],
        **amounts_of(row, "charged", "amount", "total"),
        "actor": row["actor"],
        "batch_id": row["batch_id"] and f"bat_{row['batch_id']}",
        "reason": row["reason"],
        "position": row["position"],
    }


CORRECTIONS: Final = Report(
    name="corrections",
    columns=(
        "correction_id", "at", "month", "corrects", "customer_id", "request_id", "model",
        "currency", "charged", "amount", "total", "actor", "batch_id", "reason", "position",
    ),
    totals=Totals(("currency", "month", "corrects"), ("amount",)),
    parameters=frozenset({"customer_id", "from", "to"}),
    lines=lines,
)  # fmt: skip

_QUERY: Final = """
    SELECT entry.correction_id, entry.created_at, entry.period, entry.corrects, owner.customer_id,
           entry.request_id, call.model, currency, call.amount AS charged, entry.posted AS amount,
           call.total, fact.actor, fact.batch_id, entry.position,
           coalesce(own.body, shared.body) AS reason
    FROM read.transactions AS entry
    JOIN read.customers AS owner USING (wallet_id)
    JOIN read.calls AS call USING (request_id)
    JOIN public.ledger_events AS event ON event.position = entry.position
    CROSS JOIN LATERAL json_to_record(convert_from(event.state, 'UTF8')::json)
        AS fact (actor text, batch_id text)
    LEFT JOIN public.erasable_texts AS own
        ON own.subject_id = entry.correction_id AND own.kind = 'correction_reason'
    LEFT JOIN public.erasable_texts AS shared
        ON shared.subject_id = fact.batch_id::uuid AND shared.kind = 'correction_batch_reason'
    WHERE entry.type = 'correction'
      AND (%(customer_id)s::uuid IS NULL OR owner.customer_id = %(customer_id)s)
      AND (%(since)s::text IS NULL OR entry.period >= %(since)s)
      AND (%(until)s::text IS NULL OR entry.period <= %(until)s)
    ORDER BY entry.position
"""
