"""Reading calls: pages, whole lists in batches, and one call with what the log says of it.

Call `freshness.catch_up` before, on the same connection, to see one's own writes.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

import orjson
from psycopg import AsyncConnection, sql
from psycopg.rows import args_row

from domain.inference_request import Charged, Corrected, Reserved
from domain.money import Nanos
from projections.events import Event, event_of
from projections.pages import Page, clamp, page_of, read_cursor

BATCH: Final = 250
"""Rows of a long list that are in memory at once."""

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class CallRow(NamedTuple):
    """A call as its customer may see it; amounts in nanos, `corrected` is what came back.

    In the order of the columns, and a tuple: a download makes millions of them.
    """

    request_id: UUID
    key_id: UUID
    model: str
    requested: str
    surface: str
    status: str
    basis: str | None
    period: str
    price_version: str
    price_list: str | None
    service_tier: str | None
    """The one asked for, then the one it is rated at; None for the standard one."""
    hold: Nanos
    amount: Nanos
    absorbed: Nanos
    corrected: Nanos
    total: Nanos
    usage: dict[str, int]
    input_tokens: int
    output_tokens: int
    flags: list[str]
    tags: dict[str, str]
    reason: str | None
    client_request_id: str | None
    conversation_id: UUID | None
    created_at: datetime
    ended_at: datetime | None
    milliseconds: int | None
    first_byte_ms: int | None
    created_position: int
    position: int

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the list: when its hold was made, and of those then, in what order."""
        return (self.created_at - _EPOCH) // _MICROSECOND, self.created_position


@dataclass(frozen=True, slots=True)
class Filters:
    """Which calls, by when they were held for; `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    model: str | None = None
    status: str | None = None
    key_id: UUID | None = None
    request_id: UUID | None = None
    conversation_id: UUID | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


NO_FILTERS: Final = Filters()


async def calls(
    conn: AsyncConnection[Any],
    wallet_id: UUID,
    filters: Filters = NO_FILTERS,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[CallRow]:
    """List a wallet's calls, the newest first; raises CursorError for a foreign cursor."""
    scope, limit = f"calls {wallet_id} {filters}", clamp(limit)
    before = read_cursor(scope, cursor) if cursor is not None else None
    conditions = _conditions(wallet_id, filters)
    if before is not None:
        time = _EPOCH + before[0] * _MICROSECOND
        conditions |= {_UNTIL: [time], _BEFORE: [time, before[1]]}
    rows = await _select(conn, conditions, _NEWEST, limit + 1)
    return page_of(rows, scope, limit, lambda row: row.place)


async def call(conn: AsyncConnection[Any], wallet_id: UUID, request_id: UUID) -> CallRow | None:
    """Find one call of a wallet."""
    filters = Filters(request_id=request_id)
    rows = await _select(conn, _conditions(wallet_id, filters), _NEWEST, 1)
    return rows[0] if rows else None


async def all_calls(
    connect: Connect,
    wallet_id: UUID,
    filters: Filters = NO_FILTERS,
    *,
    upto: int,
    batch: int = BATCH,
) -> AsyncGenerator[Sequence[CallRow]]:
    """Give every call that was begun up to a position, the oldest first, in batches.

    Each batch is a query of its own on a connection of its own: a transaction over a long
    download would be ended by the server, and would keep it from tidying up until then.
    """
    conditions = _conditions(wallet_id, filters)
    conditions[_UPTO] = [upto]

    async def fetch() -> list[CallRow]:
        async with connect() as conn:
            return await _select(conn, conditions, _OLDEST, batch)

    rows = await fetch()
    while len(rows) == batch:
        last = rows[-1]
        conditions |= {
            _FROM: [last.created_at],
            _AFTER: [last.created_at, last.created_position],
        }
        # The database looks for the next ones while these are written.
        ahead = asyncio.create_task(fetch())
        try:
            yield rows
            rows = await ahead
        finally:
            ahead.cancel()
    if rows:
        yield rows


async def facts(conn: AsyncConnection[Any], request_id: UUID) -> list[Event]:
    """Give what the log says of a call's hold, its charge and corrections, and nothing else."""
    rows = await (await conn.execute(_FACTS, (request_id,), prepare=True)).fetchall()
    told = [event_of(*row) for row in rows]
    return [event for event in told if event.topic in _TOLD]


Conditions = dict[LiteralString, list[object]]


async def _select(
    conn: AsyncConnection[Any], conditions: Conditions, order: LiteralString, limit: int
) -> list[CallRow]:
    query = sql.SQL(_CALLS).format(
        conditions=sql.SQL(" AND ").join(sql.SQL(condition) for condition in conditions),
        order=sql.SQL(order),
    )
    values = [value for values in conditions.values() for value in values]
    async with conn.cursor(row_factory=args_row(CallRow)) as cursor:
        await cursor.execute(query, (*values, limit))
        return await cursor.fetchall()


def _conditions(wallet_id: UUID, filters: Filters) -> Conditions:
    """Give the conditions that are asked for, each with its values."""
    asked: dict[LiteralString, object] = {
        _WALLET: wallet_id,
        _SINCE: filters.since,
        _BY: filters.until,
        "model = %s": filters.model,
        "status = %s": filters.status,
        "key_id = %s": filters.key_id,
        "request_id = %s": filters.request_id,
        "conversation_id = %s": filters.conversation_id,
        "tags @> %s::jsonb": orjson.dumps(filters.tags).decode() if filters.tags else None,
    }
    return {condition: [value] for condition, value in asked.items() if value is not None}


_TOLD: Final = frozenset({Reserved.TOPIC, Charged.TOPIC, Corrected.TOPIC})
"""No fact of a supplier's."""

_FACTS: Final = """
    SELECT position, topic, encode(uuid_send(originator_id), 'hex'), state
    FROM public.ledger_events WHERE originator_id = %s ORDER BY originator_version
"""
_WALLET: Final[LiteralString] = "wallet_id = %s"
_SINCE: Final[LiteralString] = "created_at >= %s"
_BY: Final[LiteralString] = "created_at < %s"
_UNTIL: Final[LiteralString] = "created_at <= %s"
_FROM: Final[LiteralString] = "%s <= created_at"
_BEFORE: Final[LiteralString] = "(created_at, created_position) < (%s, %s)"
_AFTER: Final[LiteralString] = "(created_at, created_position) > (%s, %s)"
_UPTO: Final[LiteralString] = "created_position <= %s"
_NEWEST: Final[LiteralString] = "created_at DESC, created_position DESC"
_OLDEST: Final[LiteralString] = "created_at, created_position"
_CALLS: Final[LiteralString] = """
    SELECT request_id, key_id, model, requested, surface, status, basis, period, price_version,
           price_list, service_tier, hold, amount, absorbed, corrected, total, usage,
           input_tokens, output_tokens, flags, tags, reason,
           client_request_id, conversation_id, created_at, ended_at, milliseconds, first_byte_ms,
           created_position, position
    FROM read.calls
    WHERE {conditions} ORDER BY {order} LIMIT %s
"""
