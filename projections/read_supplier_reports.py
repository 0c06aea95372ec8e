"""Reading suppliers' reports and both sides of a tie-out, for the operator only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from projections.metered import TOKENS
from projections.tie_out.sides import Key, Lost, Metered, Reported, Resolution, Sides


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report that was imported; `speaks_for` counts the days that none has taken over since."""

    report_id: UUID
    provider: str
    format: str
    sha256: str
    kinds: list[str]
    currency: str | None
    days: list[date]
    partial_days: list[date]
    read_count: int
    line_count: int
    actor: str
    imported_at: datetime
    speaks_for: int


async def supplier_reports(
    conn: AsyncConnection[Any], provider: str | None, limit: int
) -> list[ReportRow]:
    """List the reports of one provider or of all, the newest first."""
    async with conn.cursor(row_factory=class_row(ReportRow)) as cursor:
        await cursor.execute(_REPORTS, {"provider": provider, "limit": limit})
        return await cursor.fetchall()


async def read_sides(
    conn: AsyncConnection[Any],
    *,
    provider: str,
    supplier_id: UUID,
    currency: str,
    since: date,
    until: date,
    elsewhere: Collection[str] = (),
) -> Sides:
    """Read both sides at one moment; lost calls of models that lead only elsewhere are left out."""
    told: dict[str, Any] = {
        "provider": provider,
        "supplier": supplier_id,
        "currency": currency,
        "since": since,
        "until": until,
        "before": since - timedelta(days=1),
        "elsewhere": list(elsewhere),
    }
    async with conn.transaction():
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        metered = [_metered(row) for row in await _rows(conn, _METERED, told)]
        reported = [Reported(*row) for row in await _rows(conn, _REPORTED, told)]
        coverage = await _rows(conn, _COVERAGE, told)
        lost = [Lost(*row) for row in await _rows(conn, _LOST, told)]
        resolutions = await _rows(conn, _RESOLUTIONS, told)
    return Sides(
        provider=provider,
        since=since.isoformat(),
        until=until.isoformat(),
        metered=metered,
        reported=reported,
        covered={day: frozenset(kinds) for day, kinds, _ in coverage},
        partial=frozenset(day for day, _, partial in coverage if partial),
        lost=lost,
        resolutions={Key(*row[:3]): Resolution(*row[3:]) for row in resolutions},
    )


def _metered(row: tuple[Any, ...]) -> Metered:
    return Metered._make((*row[:8], dict(zip(TOKENS, row[8:], strict=True))))


async def _rows(
    conn: AsyncConnection[Any], text: sql.SQL | sql.Composed, told: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    cursor = await conn.execute(text, told)
    return await cursor.fetchall()


_REPORTS: Final = """
    SELECT report_id, provider, format, sha256, kinds, currency, days, partial_days, read_count,
           line_count, actor, imported_at,
           (SELECT count(DISTINCT day) FROM read.supplier_coverage AS coverage
            WHERE coverage.report_id = report.report_id) AS speaks_for
    FROM read.supplier_reports AS report
    WHERE %(provider)s::text IS NULL OR provider = %(provider)s
    ORDER BY position DESC LIMIT %(limit)s
"""
# What stands with no attempt has no currency, and must not be left out for that.
_METERED: Final = sql.SQL("""
    SELECT day::text, upstream_model, provider AS credential, outcome, priced, crossed,
           sum(attempts)::bigint, sum(cost)::bigint, {tokens}
    FROM read.supplier_costs
    WHERE provider = %(provider)s AND currency IN (%(currency)s, '')
      AND day >= %(before)s AND day < %(until)s
    GROUP BY day, upstream_model, provider, outcome, priced, crossed
""").format(
    tokens=sql.SQL(", ").join(
        sql.SQL("sum({})::bigint").format(sql.Identifier(name)) for name in TOKENS
    )
)
_REPORTED: Final = sql.SQL("""
    SELECT encode(uuid_send(line.report_id), 'hex'), number, line.day::text, model, credential,
           component,
           CASE WHEN speaks.kinds @> '{usage}' THEN usage END,
           CASE WHEN speaks.kinds @> '{usage}' THEN requests END,
           CASE WHEN speaks.kinds @> '{cost}' THEN amount END
    FROM (
        SELECT report_id, day, array_agg(kind) AS kinds FROM read.supplier_coverage
        WHERE supplier_id = %(supplier)s AND day >= %(since)s AND day < %(until)s
        GROUP BY report_id, day
    ) AS speaks
    JOIN read.supplier_lines AS line ON line.report_id = speaks.report_id AND line.day = speaks.day
    WHERE (speaks.kinds @> '{usage}' AND usage IS NOT NULL)
       OR (speaks.kinds @> '{cost}' AND amount IS NOT NULL)
""")
_COVERAGE: Final = sql.SQL("""
    SELECT day::text, array_agg(kind), bool_or(day = ANY(partial_days))
    FROM read.supplier_coverage JOIN read.supplier_reports USING (report_id)
    WHERE supplier_id = %(supplier)s AND day >= %(since)s AND day < %(until)s
    GROUP BY day
""")
_LOST: Final = sql.SQL("""
    SELECT encode(uuid_send(request_id), 'hex'), day::text, model, input_tokens, output_cap
    FROM read.supplier_unknowns
    WHERE day >= %(since)s AND day < %(until)s AND model <> ALL(%(elsewhere)s::text[])
""")
_RESOLUTIONS: Final = sql.SQL("""
    SELECT day::text, model, credential, encode(uuid_send(resolution_id), 'hex'), state, reason,
           ours, theirs, actor, resolved_at
    FROM read.supplier_resolutions
    WHERE supplier_id = %(supplier)s AND day >= %(since)s AND day < %(until)s
""")
