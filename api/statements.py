"""Statements over HTTP: drawn again from the log, compared with what was issued, then written."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import orjson
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from psycopg import AsyncConnection

from api.envelope import OK, headers_of, request_id_of
from api.pieces import chunked
from domain.calendar import Calendar
from domain.errors import ConflictError, GatewayError
from projections.read_statements import StatementRow, WalletMonths
from projections.statement.document import Document
from projections.statement.draw import StatementError, cover_of, draft, draw
from projections.statement.number import format_number
from projections.statement.page import Party, page
from projections.statement.table import table
from projections.times import write_time_or_none

JSON, TEXT, CSV, HTML = "json", "text", "csv", "html"
FORMATS: Final = (JSON, TEXT, CSV, HTML)
"""In the envelope, the canonical text alone, a table, a page."""

MEDIA: Final = {
    JSON: "application/json",
    TEXT: "application/json",
    CSV: "text/csv; charset=utf-8; header=present",
    HTML: "text/html; charset=utf-8",
}
SUFFIX: Final = {TEXT: "json", CSV: "csv", HTML: "html"}
PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"

_log = logging.getLogger("tollbook.statements")


class StatementPendingError(ConflictError):
    """The month is closed and its statement is about to be issued."""

    code = "statement_pending"
    retry_after = 5

    def __init__(self, period: str) -> None:
        super().__init__(f"{period} is closed; its statement has not been issued yet.")


class StatementChangedError(GatewayError):
    """What the log gives today is not what was issued: somebody must look at the books."""

    code = "statement_changed"

    def __init__(self, number: str) -> None:
        super().__init__(f"{number} cannot be shown: it no longer matches what was issued.")


async def draw_issued(
    conn: AsyncConnection[Any], row: StatementRow, calendar: Calendar
) -> Document:
    """Draw an issued statement again; the caller closes it.

    The connection is lent for long. Raises StatementPendingError, or StatementChangedError if not
    every byte is as it was.
    """
    if row.sha256 is None:
        raise StatementPendingError(row.period)
    number = format_number(row.number)
    try:
        document = await draw(conn, cover_of(row, calendar, row.tree_size), calendar)
    except StatementError as error:
        _log.critical("a statement does not add up", extra={"number": number}, exc_info=True)
        raise StatementChangedError(number) from error
    found = await asyncio.to_thread(document.sha256)
    if found != row.sha256:
        document.close()
        fault = {"number": number, "issued": row.sha256, "found": found}
        _log.critical("a statement is not what was issued", extra=fault)
        raise StatementChangedError(number)
    return document


async def draw_draft(conn: AsyncConnection[Any], wallet: WalletMonths, period: str) -> Document:
    """Draw a month that is still open; the caller closes it."""
    return await draft(conn, wallet, period)


def statement_answer(
    request: Request, document: Document, row: StatementRow | None, kind: str, party: Party
) -> Response:
    """Stream a statement in one of `FORMATS`, and close it at the end."""
    sha256 = row.sha256 if row else None
    name = format_number(row.number) if row else f"draft-{document.cover.period}"
    headers = headers_of(request)
    if kind in SUFFIX:
        disposition = "inline" if kind == HTML else "attachment"
        headers["content-disposition"] = f'{disposition}; filename="{name}.{SUFFIX[kind]}"'
    if kind == HTML:
        headers["content-security-policy"] = PAGE_POLICY
    if sha256:
        headers["etag"] = f'"{sha256}-{kind}"'
    pieces = _written(request, document, row, kind, party)
    return StreamingResponse(_closed(document, pieces), OK, headers, MEDIA[kind])


def _written(
    request: Request, document: Document, row: StatementRow | None, kind: str, party: Party
) -> Iterator[bytes]:
    if kind == TEXT:
        return document.text()
    if kind == CSV:
        return table(document)
    if kind == HTML:
        return page(document, party, row.sha256 if row else None)
    return _enveloped(request_id_of(request), document, row)


def _closed(document: Document, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with closing(document):
        yield from chunked(pieces)


def _enveloped(request_id: str, document: Document, row: StatementRow | None) -> Iterator[bytes]:
    """Put the canonical text into the envelope; what it hashes to is beside it."""
    issued = {
        "sha256": row.sha256 if row else None,
        "issued_at": write_time_or_none(row.issued_at) if row else None,
    }
    head = orjson.dumps({"request_id": request_id, "success": True, "data": issued})
    yield head[:-2] + b',"statement":'
    yield from document.text()
    yield b'},"code":null,"message":null}'
