"""A statement as a file: as it was issued, or a draft of a month that is still open."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from adapters.ledger.connection import GATEWAY_ROLE, connect, open_pool
from adapters.ledger.texts import ErasableTexts
from projections.exports.errors import ExportRefusedError
from projections.exports.models import follow
from projections.exports.sidecar import Control
from projections.read_customers import CUSTOMER_NAME
from projections.read_statements import StatementRow, WalletMonths, months, statement
from projections.statement.document import SECTIONS, Document
from projections.statement.draw import MODELS, StatementError, cover_of, draft, draw
from projections.statement.page import Party, page
from projections.statement.table import table

HTML, CSV, JSON = "html", "csv", "json"
FORMATS: Final = (HTML, CSV, JSON)


class StatementChangedError(ExportRefusedError):
    """What the log gives today is not what was issued: somebody must look at the books."""

    def __init__(self, period: str, why: str) -> None:
        super().__init__(f"the statement of {period} cannot be written: {why}")


def draw_statement(
    url: str, customer_id: UUID, month: str, issuer: str | None
) -> tuple[Document, str | None, Party]:
    """Draw a statement, with the hash it was issued under and the names on it; close it after.

    Takes the owner's DSN. Raises ExportRefusedError if there is none, or not that one any more.
    """
    with connect(url, role=None) as conn:
        follow(conn, GATEWAY_ROLE, MODELS)
    return asyncio.run(_draw(url, customer_id, month, issuer))


def write_document(
    document: Document, sha256: str | None, party: Party, form: str, out: Any
) -> Control:
    """Write a drawn statement in one of the formats, and tell what it comes to."""
    with closing(document):
        pieces: dict[str, Callable[[], Iterator[bytes]]] = {
            JSON: document.text,
            CSV: partial(table, document),
            HTML: partial(page, document, party, sha256),
        }
        for piece in pieces[form]():
            out.write(piece)
        control = Control(rows=sum(document.sections[name].count for name in SECTIONS))
        amount = sum(document.sections[name].amount for name in SECTIONS)
        figures = {"opening": document.cover.opening, "amount": amount}
        control.sums[document.cover.currency] = {**figures, "closing": document.cover.closing}
        return control


async def _draw(
    url: str, customer_id: UUID, month: str, issuer: str | None
) -> tuple[Document, str | None, Party]:
    pool = await open_pool(url, 2)
    try:
        async with pool.connection() as conn:
            wallet = await _wallet(conn, customer_id, month)
            row = await statement(conn, wallet.wallet_id, month)
            if row is None:
                document = await draft(conn, wallet, month)
            else:
                document = await _issued(conn, row, wallet)
        name = await ErasableTexts(pool).get(customer_id, CUSTOMER_NAME)
    finally:
        await pool.close()
    return document, row.sha256 if row else None, Party(issuer, name)


async def _wallet(conn: AsyncConnection[Any], customer_id: UUID, month: str) -> WalletMonths:
    found = await months(conn, customer_id)
    if not found:
        raise ExportRefusedError(f"there is no customer cus_{customer_id.hex}")
    row = await (await conn.execute("SELECT clock_timestamp()")).fetchone()
    assert row is not None, "a clock always answers"
    first, last = found[0].calendar.first, found[0].calendar.month_of(row[0])
    if not first <= month <= last:
        raise ExportRefusedError(f"{month} is none of this customer's months: {first} to {last}")
    return found[0]


async def _issued(conn: AsyncConnection[Any], row: StatementRow, wallet: WalletMonths) -> Document:
    """Draw an issued statement again, byte for byte."""
    if row.sha256 is None:
        raise ExportRefusedError(f"{row.period} is closed but has no statement yet: close it again")
    try:
        document = await draw(conn, cover_of(row, wallet.calendar, row.tree_size), wallet.calendar)
    except StatementError as error:
        raise StatementChangedError(row.period, str(error)) from error
    if await asyncio.to_thread(document.sha256) != row.sha256:
        document.close()
        raise StatementChangedError(row.period, "it is not what was issued")
    return document
