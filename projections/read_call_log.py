"""Reading the log of calls: who called what when, how it ended, and never what was said."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import args_row

from domain.money import Nanos
from projections.pages import Page, clamp, page_of, read_cursor
from projections.read_observation import CODE, OUTCOME

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class LogLine(NamedTuple):
    """One call, in the order of the columns; amounts in nanos."""

    request_id: UUID
    at: datetime
    """Of its hold; of its arrival if it was refused before."""
    key_id: UUID
    model: str | None
    surface: str
    outcome: str
    code: str | None
    milliseconds: int | None
    first_byte_ms: int | None
    input_tokens: int
    output_tokens: int
    total: Nanos
    has_content: bool
    """Whether what was said is kept, and is still to be shown."""
    rank: int
    """Its place among those of the same microsecond."""

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the list."""
        return (self.at - _EPOCH) // _MICROSECOND, self.rank


@dataclass(frozen=True, slots=True)
class LogFilters:
    """Which calls; `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    model: str | None = None
    key_id: UUID | None = None
    request_id: UUID | None = None
    outcome: str | None = None
    code: str | None = None


async def log_lines(
    conn: AsyncConnection[Any],
    wallet_id: UUID,
    filters: LogFilters,
    *,
    cursor: str | None = None,
    limit: int,
    content_days: int = 0,
) -> Page[LogLine]:
    """List calls, the newest first; raises CursorError for a foreign cursor.

    Contents that are older than `content_days` are to be deleted, and are as good as gone.
    """
    scope, limit = f"logs {wallet_id} {filters}", clamp(limit)
    values: dict[str, object] = {name: getattr(filters, name) for name in filters.__slots__}
    values |= {"wallet_id": wallet_id, "most": limit + 1, "content_days": content_days}
    before = read_cursor(scope, cursor) if cursor is not None else None
    if before is not None:
        values |= {"before": _EPOCH + before[0] * _MICROSECOND, "rank": before[1]}
    query = _query(filters, paged=before is not None)
    async with conn.cursor(row_factory=args_row(LogLine)) as found:
        await found.execute(query, values)
        rows = await found.fetchall()
    return page_of(rows, scope, limit, lambda row: row.place)


def _query(filters: LogFilters, *, paged: bool) -> sql.Composed:
    """Write each half with its own limit, so that neither is read to its end."""
    asked: list[LiteralString] = [_BEFORE, _AFTER] if paged else []
    for name, text in _ASKED.items():
        if getattr(filters, name) is not None:
            asked.append(text)
    conditions = sql.SQL("").join(sql.SQL(text) for text in asked)
    halves = [
        sql.SQL(_HALF).format(
            half=sql.SQL(half).format(outcome=OUTCOME, code=CODE, rank=_RANK),
            conditions=conditions,
        )
        for half in _HALVES
    ]
    return sql.SQL(_WHOLE).format(*halves)


_RANK: Final = sql.SQL("('x' || right(encode(uuid_send(request_id), 'hex'), 15))::bit(60)::bigint")
"""The random end of an id."""
_ASKED: Final[dict[str, LiteralString]] = {
    "since": " AND at >= %(since)s",
    "until": " AND at < %(until)s",
    "model": " AND model = %(model)s",
    "key_id": " AND key_id = %(key_id)s",
    "request_id": " AND request_id = %(request_id)s",
    "outcome": " AND outcome = %(outcome)s",
    "code": " AND code = %(code)s",
}
_BEFORE: Final[LiteralString] = " AND at <= %(before)s"
_AFTER: Final[LiteralString] = " AND (at, rank) < (%(before)s, %(rank)s)"
_CALLS: Final[LiteralString] = """
    SELECT wallet_id, request_id, created_at AS at, key_id, model, surface, {outcome} AS outcome,
           {code} AS code, milliseconds, first_byte_ms, input_tokens, output_tokens, total,
           {rank} AS rank
    FROM read.calls
"""
_REFUSED: Final[LiteralString] = """
    SELECT wallet_id, request_id, began_at AS at, key_id, requested AS model, surface,
           'refused' AS outcome, code, (microseconds / 1000)::int AS milliseconds,
           NULL::int AS first_byte_ms, 0::bigint AS input_tokens, 0::bigint AS output_tokens,
           0::bigint AS total, {rank} AS rank
    FROM public.call_traces WHERE NOT held
"""
_HALF: Final[LiteralString] = """
    SELECT * FROM ({half}) AS half WHERE wallet_id = %(wallet_id)s {conditions}
    ORDER BY at DESC, rank DESC LIMIT %(most)s
"""
_WHOLE: Final[LiteralString] = """
    SELECT request_id, at, key_id, model, surface, outcome, code, milliseconds, first_byte_ms,
           input_tokens, output_tokens, total,
           EXISTS (
               SELECT FROM public.call_contents AS kept WHERE kept.request_id = lines.request_id
               AND kept.kept_at > clock_timestamp() - make_interval(days => %(content_days)s)
           ), rank
    FROM (({}) UNION ALL ({})) AS lines ORDER BY at DESC, rank DESC LIMIT %(most)s
"""
_HALVES: Final[tuple[LiteralString, ...]] = (_CALLS, _REFUSED)
