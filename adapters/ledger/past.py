"""Looking back: what the log's prefix up to an instant or a position adds up to."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from psycopg import AsyncConnection, Connection

from adapters.ledger.aggregates import Row, fold
from domain.aggregate import Recorded
from domain.wallet import Wallet

WINDOW: Final = 2_000
"""Events folded at once; some 10 ms, so that a server's loop goes on meanwhile."""
POSITIONS: Final = 20_000
"""Positions read at once when every wallet is folded."""


class Prefix(NamedTuple):
    """The last event of a prefix of the log, and when it was recorded."""

    position: int
    recorded_at: datetime


Progress = Callable[[int, int], None]


async def last_before(conn: AsyncConnection[Any], instant: datetime) -> Prefix | None:
    """Find the last event that was recorded by an instant, or None if there was none yet.

    Times never go back along the log, so halving the range finds it in a few looks.
    """
    found, last = None, await head(conn)
    low, high = 0, last.position if last else 0
    while low < high:
        middle = (low + high + 1) // 2
        at = await at_position(conn, middle)
        if at is not None and at.recorded_at > instant:
            high = at.position - 1
        else:
            low, found = middle, at
    return found


async def head(conn: AsyncConnection[Any]) -> Prefix | None:
    """Find the log's last event."""
    return await at_position(conn, 2**63 - 1)


async def at_position(conn: AsyncConnection[Any], position: int) -> Prefix | None:
    """Find the last event up to a position: positions may have gaps."""
    row = await (await conn.execute(_AT, (position,), prepare=True)).fetchone()
    return None if row is None else Prefix(row[0], _time(row[1]))


async def wallet_at(conn: AsyncConnection[Any], wallet_id: UUID, position: int) -> Wallet | None:
    """Fold a wallet's facts up to a position, or None if it was not opened by then."""
    aggregates: dict[UUID, Recorded] = {}
    async for rows in _windows(conn, wallet_id, position):
        fold(rows, aggregates)
    wallet = aggregates.get(wallet_id)
    assert wallet is None or isinstance(wallet, Wallet), "an id belongs to one kind"
    return wallet


def wallets_at(conn: Connection, position: int, progress: Progress) -> dict[UUID, Wallet]:
    """Fold every wallet's facts up to a position."""
    aggregates: dict[UUID, Recorded] = {}
    for rows in _ranges(conn, position, progress):
        fold(rows, aggregates)
    return {i: wallet for i, wallet in aggregates.items() if isinstance(wallet, Wallet)}


async def _windows(
    conn: AsyncConnection[Any], aggregate_id: UUID, position: int
) -> AsyncIterator[list[Row]]:
    version = 0
    while True:
        given = (aggregate_id, version, position, WINDOW)
        found = await (await conn.execute(_EVENTS, given, prepare=True)).fetchall()
        rows = [Row(*row) for row in found]
        yield rows
        if len(rows) < WINDOW:
            return
        version = rows[-1].version


def _ranges(conn: Connection, position: int, progress: Progress) -> Iterator[list[Row]]:
    for after in range(0, position, POSITIONS):
        progress(after, position)
        upto = min(position, after + POSITIONS)
        yield [Row(*row) for row in conn.execute(_WALLETS, (after, upto), prepare=True)]
    progress(position, position)


def _time(state: bytes) -> datetime:
    return datetime.fromisoformat(orjson.loads(state)["timestamp"])


_AT: Final = """
    SELECT position, state FROM public.ledger_events
    WHERE position <= %s ORDER BY position DESC LIMIT 1
"""
_EVENTS: Final = """
    SELECT originator_id, originator_version, topic, state FROM public.ledger_events
    WHERE originator_id = %s AND originator_version > %s AND position <= %s
    ORDER BY originator_version LIMIT %s
"""
_WALLETS: Final = """
    SELECT originator_id, originator_version, topic, state FROM public.ledger_events
    WHERE position > %s AND position <= %s AND topic LIKE 'wallet.%%' ORDER BY position
"""
