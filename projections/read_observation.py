"""Reading how calls went: what the ledger knows of those held for, and who was refused before.

The second are no facts of the ledger's: they come from the workers' traces, as long as those are
kept. Whoever has a secret that opens nothing is no customer, and not among them. Call
`freshness.catch_up` before, on the same connection, to see one's own writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import args_row

from domain.access import SHUT
from domain.money import Nanos

OK, PARTIAL, FAILED, REFUSED = "ok", "partial", "failed", "refused"
UNKNOWN, OPEN = "unknown", "open"
OUTCOMES: Final = (OK, PARTIAL, FAILED, REFUSED, UNKNOWN, OPEN)
"""Answered whole, in part, not at all; refused before a hold; lost with its worker; in flight."""

PERCENTILES: Final = (50, 90, 95, 99)
GROUPS_MAX: Final = 1_000
MODEL, API_KEY, HOUR, DAY = "model", "api_key", "hour", "day"
Percentiles = list[int] | None
"""In milliseconds, in the order of `PERCENTILES`; None where nothing was measured."""


class TooManyGroupsError(Exception):
    """The calls fall into more groups than are given at once."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Which calls, from `since` on and before `until`; a refused one counts from its arrival."""

    wallet_id: UUID
    since: datetime
    until: datetime
    model: str | None = None
    key_id: UUID | None = None


class Health(NamedTuple):
    """How the calls of a group went, in the order of the columns."""

    group: Any
    """A model, a key's id or a time; None if all is one group, or for a model nobody named."""
    counts: dict[str, int]
    """By outcome."""
    errors: dict[str, int]
    """By code."""
    first_byte_ms: Percentiles
    """From the hold on, of the calls that were answered."""
    total_ms: Percentiles
    input_tokens: int
    output_tokens: int
    tokens_per_second: str | None
    """Output, over the time that its calls took; a decimal."""
    total: Nanos


async def health(
    conn: AsyncConnection[Any],
    observed: Observed,
    dimension: str | None = None,
    *,
    most: int = GROUPS_MAX,
) -> list[Health]:
    """Tell how calls went, by `model`, `api_key`, `hour` or `day` of UTC, or all in one.

    A group without calls is left out. Raises TooManyGroupsError beyond `most`.
    """
    group = sql.SQL(_GROUPS[dimension])
    query = sql.SQL(_HEALTH).format(seen=_seen(observed), group=group)
    async with conn.cursor(row_factory=args_row(_health)) as cursor:
        await cursor.execute(query, {**_values(observed), "most": most + 1})
        rows = await cursor.fetchall()
    if len(rows) > most:
        raise TooManyGroupsError
    return rows


async def projected_at(conn: AsyncConnection[Any], request_id: UUID) -> datetime | None:
    """Tell when the read model of calls had the end of a call; None if nobody noted it."""
    row = await (await conn.execute(_PROJECTED, (request_id,))).fetchone()
    return row[0] if row else None


def _health(
    group: Any,
    counts: dict[str, int] | None,
    errors: dict[str, int] | None,
    first: Sequence[float] | None,
    total: Sequence[float] | None,
    *figures: Any,
) -> Health:
    tokens_in, tokens_out, rate, nanos = figures
    return Health(
        group, counts or {}, errors or {}, _whole(first), _whole(total),
        int(tokens_in), int(tokens_out), rate, int(nanos),
    )  # fmt: skip


def _whole(percentiles: Sequence[float] | None) -> Percentiles:
    # The database interpolates in floating point: a half may have come out a little less.
    return [round(round(value, 6)) for value in percentiles] if percentiles else None


def _seen(observed: Observed) -> sql.Composed:
    """Select the calls; both parts have their index."""
    return sql.SQL(_SEEN).format(
        outcome=OUTCOME,
        code=CODE,
        calls=_also(observed, "model"),
        refused=_also(observed, "requested"),
    )


def _also(observed: Observed, model: LiteralString) -> sql.Composed:
    asked: list[sql.Composable] = []
    if observed.model is not None:
        asked.append(sql.SQL(" AND {} = %(model)s").format(sql.Identifier(model)))
    if observed.key_id is not None:
        asked.append(sql.SQL(" AND key_id = %(key_id)s"))
    return sql.Composed(asked)


def _values(observed: Observed) -> dict[str, object]:
    return {
        "wallet_id": observed.wallet_id,
        "since": observed.since,
        "until": observed.until,
        "model": observed.model,
        "key_id": observed.key_id,
        "shut": [error.code for error in SHUT],
    }


OUTCOME: Final = sql.SQL("""
    CASE WHEN status = 'charged' THEN CASE basis WHEN 'partial' THEN 'partial' ELSE 'ok' END
         WHEN reason = 'quarantined' THEN 'ok'
         WHEN status = 'released' THEN 'failed'
         WHEN status = 'unknown' THEN 'unknown'
         ELSE 'open' END
""")
"""What became of a row of `read.calls`; whose usage was beyond belief has been answered."""
CODE: Final = sql.SQL("""
    CASE WHEN reason <> 'quarantined' THEN reason
         WHEN status = 'unknown' THEN 'outcome_unknown' END
""")
_SEEN: Final[LiteralString] = """
    SELECT created_at AS at, model, key_id, {outcome} AS outcome, {code} AS code, milliseconds,
           first_byte_ms, input_tokens, output_tokens, total
    FROM read.calls
    WHERE wallet_id = %(wallet_id)s AND created_at >= %(since)s AND created_at < %(until)s {calls}
    UNION ALL
    SELECT began_at, requested, key_id, 'refused', code, NULL, NULL, 0, 0, 0
    FROM public.call_traces
    WHERE NOT held AND wallet_id = %(wallet_id)s AND began_at >= %(since)s
        AND began_at < %(until)s AND coalesce(code, '') <> ALL(%(shut)s) {refused}
"""
_GROUPS: Final[dict[str | None, LiteralString]] = {
    None: "NULL::text",
    MODEL: "model",
    API_KEY: "key_id",
    HOUR: "date_trunc('hour', at, 'UTC')",
    DAY: "date_trunc('day', at, 'UTC')",
}
_HEALTH: Final[LiteralString] = """
    WITH seen AS MATERIALIZED (SELECT {group} AS place, calls.* FROM ({seen}) AS calls),
    outcomes AS (
        SELECT place, jsonb_object_agg(outcome, calls) AS counts
        FROM (SELECT place, outcome, count(*) AS calls FROM seen GROUP BY 1, 2) AS counted
        GROUP BY 1
    ),
    errors AS (
        SELECT place, jsonb_object_agg(code, calls) AS counts
        FROM (
            SELECT place, code, count(*) AS calls FROM seen WHERE code IS NOT NULL GROUP BY 1, 2
        ) AS counted
        GROUP BY 1
    )
    SELECT figures.place, outcomes.counts, errors.counts, first_byte, total_ms,
           input_tokens, output_tokens, rate, total
    FROM (
        SELECT place,
               percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99])
                   WITHIN GROUP (ORDER BY first_byte_ms) AS first_byte,
               percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99])
                   WITHIN GROUP (ORDER BY milliseconds)
                   FILTER (WHERE outcome IN ('ok', 'partial')) AS total_ms,
               sum(input_tokens) AS input_tokens,
               sum(output_tokens) AS output_tokens,
               round(sum(output_tokens) * 1000.0 / nullif(sum(milliseconds)
                   FILTER (WHERE output_tokens > 0), 0), 2)::text AS rate,
               sum(total) AS total
        FROM seen GROUP BY place
    ) AS figures
    JOIN outcomes ON outcomes.place IS NOT DISTINCT FROM figures.place
    LEFT JOIN errors ON errors.place IS NOT DISTINCT FROM figures.place
    ORDER BY figures.place NULLS LAST LIMIT %(most)s
"""
_PROJECTED: Final = """
    SELECT reached_at FROM (
        SELECT min(position) AS position FROM public.ledger_events
        WHERE originator_id = %s
            AND (topic LIKE 'inference_request.charged.%%'
                OR topic LIKE 'inference_request.released.%%')
    ) AS ended, LATERAL (
        SELECT reached_at FROM public.read_model_marks AS mark
        WHERE mark.position >= ended.position ORDER BY mark.position LIMIT 1
    ) AS reached
    WHERE EXISTS (
        SELECT FROM public.read_model_marks AS earlier WHERE earlier.position < ended.position
    )
"""
"""The first of all marks may be much later than what it marks."""
