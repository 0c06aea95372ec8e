"""Drawing a statement: only what can no longer change once its month is closed is looked at.

Everything is read in one snapshot and checked against the roll-forward: a statement whose lines
do not come to its closing balance is never made.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from psycopg import AsyncConnection

from domain.calendar import Calendar
from domain.money import Nanos, format_amount
from projections import lot_moves
from projections.balances import Balances
from projections.calls import Calls
from projections.customers import Customers
from projections.errors import ProjectionLagError
from projections.grants import Grants
from projections.long_read import long_read, rows_of
from projections.projection import Projection
from projections.read_statements import StatementRow, WalletMonths
from projections.roll_forward import CATEGORIES
from projections.statement import queries
from projections.statement.document import CHARGES, SECTIONS, Cover, Document
from projections.statement.sections import READ
from projections.statements import Statements
from projections.transactions import Transactions

MODELS: Final[tuple[Projection, ...]] = (
    Balances(), Calls(), Customers(), Grants(), Statements(), Transactions(),
)  # fmt: skip
"""What must have caught up before a statement is drawn."""

OPENING, CLOSING = "opening", "closing"

Rolled = dict[str, dict[str, Nanos]]


class StatementError(Exception):
    """The read models contradict the ledger or each other; nothing may be issued from them."""


def cover_of(row: StatementRow, calendar: Calendar, tree_size: int | None) -> Cover:
    """Say what the statement of a closed month is of."""
    since, until = calendar.bounds(row.period)
    return Cover(
        number=row.number,
        customer_id=row.customer_id,
        wallet_id=row.wallet_id,
        currency=row.currency,
        period=row.period,
        zone=row.zone,
        since=since,
        until=until,
        position=row.closed_position,
        tree_size=tree_size,
        opening=row.opening,
        closing=row.closing,
        open_holds=row.open_holds,
        held=row.held,
    )


async def draw(conn: AsyncConnection[Any], cover: Cover, calendar: Calendar) -> Document:
    """Draw the statement of a closed month; the caller closes it.

    The connection is in autocommit and has caught up. Raises StatementError if it does not add up.
    """
    async with long_read(conn):
        return await _draw(conn, cover, calendar, await _rolled(conn, cover))


async def draft(conn: AsyncConnection[Any], wallet: WalletMonths, period: str) -> Document:
    """Draw an open month as far as it has come; the caller closes it.

    Raises ProjectionLagError, which is worth another try.
    """
    async with long_read(conn):
        cover, rolled = await _draft(conn, wallet, period)
        return await _draw(conn, cover, wallet.calendar, rolled)


async def _draft(
    conn: AsyncConnection[Any], wallet: WalletMonths, period: str
) -> tuple[Cover, Rolled]:
    """Take the figures of now for those that closing will fix."""
    names = [projection.name for projection in MODELS]
    place = await (await conn.execute(queries.PLACES, (names,))).fetchone()
    holds = await (await conn.execute(queries.HOLDS, (wallet.wallet_id,))).fetchone()
    assert place is not None, "an aggregate always has a row"
    position, furthest = place
    if position != furthest or holds is None:
        raise ProjectionLagError(behind=furthest - position)
    since, until = wallet.calendar.bounds(period)
    cover = Cover(
        number=None,
        customer_id=wallet.customer_id,
        wallet_id=wallet.wallet_id,
        currency=wallet.currency,
        period=period,
        zone=wallet.calendar.zone_of(period),
        since=since,
        until=until,
        position=position,
        tree_size=None,
        opening=0,
        closing=0,
        open_holds=holds[0],
        held=holds[1],
    )
    rolled = await _rolled(conn, cover)
    opening, closing = _sum(rolled, OPENING), _sum(rolled, CLOSING)
    return replace(cover, opening=opening, closing=closing), rolled


async def _rolled(conn: AsyncConnection[Any], cover: Cover) -> Rolled:
    """Give each category's opening, moves by kind, and closing; and what was absorbed."""
    rolled: Rolled = {
        name: dict.fromkeys([OPENING, *lot_moves.KINDS], 0)
        for name in (*CATEGORIES, lot_moves.ABSORBED)
    }
    values = {"wallet_id": cover.wallet_id, "period": cover.period}
    for category, kind, nanos in await (await conn.execute(queries.ROLLED, values)).fetchall():
        rolled[category][kind] = nanos
    for figures in rolled.values():
        figures[CLOSING] = sum(figures.values())
    return rolled


async def _draw(
    conn: AsyncConnection[Any], cover: Cover, calendar: Calendar, rolled: Rolled
) -> Document:
    absorbed = -rolled[lot_moves.ABSORBED][lot_moves.CHARGE]
    document = Document(cover, rolled, absorbed)
    try:
        for name in READ:
            await _read(conn, document, name, calendar)
        _check(document)
    except BaseException:
        document.close()
        raise
    return document


async def _read(
    conn: AsyncConnection[Any], document: Document, name: str, calendar: Calendar
) -> None:
    cover, lines, section = document.cover, document.sections[name], READ[name]
    values = {"wallet_id": cover.wallet_id, "period": cover.period, "since": cover.since}
    async for rows in rows_of(conn, section.query, values):
        for row in rows:
            lines.add(section.line(row, calendar), row["amount"])
            document.calls += row["calls"] if name == CHARGES else 0


def _check(document: Document) -> None:
    """Raise StatementError unless every section and both balances are those of the ledger."""
    cover, rolled = document.cover, document.rolled
    moved = cover.opening
    for name in SECTIONS:
        expected = sum([_sum(rolled, kind) for kind in READ[name].kinds])
        _must_be(document, name, document.sections[name].amount, expected)
        moved += expected
    _must_be(document, OPENING, _sum(rolled, OPENING), cover.opening)
    _must_be(document, CLOSING, moved, cover.closing)


def _must_be(document: Document, what: str, found: Nanos, expected: Nanos) -> None:
    if found != expected:
        cover = document.cover
        message = (
            f"{what} of wallet {cover.wallet_id.hex} in {cover.period} come to "
            f"{format_amount(found)}, and must be {format_amount(expected)}"
        )
        raise StatementError(message)


def _sum(rolled: Mapping[str, Mapping[str, Nanos]], kind: str) -> Nanos:
    """Sum over what the balance is made of."""
    return sum(rolled[category][kind] for category in CATEGORIES)
