"""Estimates against what prompts came to, by model, and the margin that would have covered them.

Ratios are of the reported input to the input that was held for; above 1, a hold was too small.
The covering margin is today's times the ratio of all but one call in a thousand. So it is right
for calls that were held with today's margin: ask for the months since that was set.
"""

from collections.abc import AsyncGenerator
from typing import Any, Final

from psycopg import AsyncConnection

from projections.lines import Line
from projections.long_read import Row, rows_of
from projections.reports.report import Asked, Report, Totals

ONE: Final = 10_000
"""A ratio of one, in the whole numbers that they are compared in."""


async def lines(conn: AsyncConnection[Any], asked: Asked) -> AsyncGenerator[Line]:
    """Draw a line for each model that reported what its prompts came to."""
    months = {"since": asked.since, "until": asked.until}
    async for rows in rows_of(conn, _QUERY, months):
        for row in rows:
            yield _line(row, asked.margins.get(row["model"]))


def _line(row: Row, margin: int | None) -> Line:
    p50, p99, p99_9, most = row["ratios"]
    return {
        "model": row["model"],
        "calls": row["calls"],
        "above": row["above"],
        "p50": _ratio(p50),
        "p99": _ratio(p99),
        "p99_9": _ratio(p99_9),
        "max": _ratio(most),
        "margin": None if margin is None else _percent(margin),
        "covering_margin": None if margin is None else _percent(-(-margin * p99_9 // ONE)),
    }


def _ratio(ratio: int) -> str:
    return f"{ratio // ONE}.{ratio % ONE:04d}"


def _percent(percent: int) -> str:
    return f"{percent // 100}.{percent % 100:02d}"


ESTIMATES: Final = Report(
    name="estimates",
    columns=(
        "model", "calls", "above", "p50", "p99", "p99_9", "max", "margin", "covering_margin",
    ),
    totals=Totals((), ()),
    parameters=frozenset({"from", "to"}),
    lines=lines,
)  # fmt: skip

# Rounded up: a ratio of one or less means that the hold was enough.
_QUERY: Final = """
    SELECT model, count(*) AS calls, count(*) FILTER (WHERE ratio > 10000) AS above,
           percentile_disc(ARRAY[0.5, 0.99, 0.999, 1]) WITHIN GROUP (ORDER BY ratio) AS ratios
    FROM (
        SELECT model, (input_tokens * 10000 + estimated_tokens - 1) / estimated_tokens AS ratio
        FROM read.calls
        WHERE basis = 'reported' AND estimated_tokens > 0
          AND (%(since)s::text IS NULL OR period >= %(since)s) AND period <= %(until)s
    ) AS compared
    GROUP BY model
    ORDER BY model
"""
