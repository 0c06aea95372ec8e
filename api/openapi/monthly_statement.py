"""GET /openapi/v1/billing/monthly-statement: as issued, or a draft while the month is open."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from api.admin.auth import gateway_of
from api.document.operation import CSV as TABLE, documented, documented_file
from api.document.parameters import choice, required
from api.document.proofs import StatementAnswer
from api.errors import InvalidFieldError
from api.lending import lent_for_long
from api.openapi.caller import Caller
from api.openapi.query import Query
from api.statements import CSV, HTML, JSON, TEXT, draw_draft, draw_issued, statement_answer
from domain.errors import NotFoundError
from domain.reserve_call import Identity
from projections.freshness import catch_up
from projections.read_customers import CUSTOMER_NAME
from projections.read_statements import WalletMonths, months, statement
from projections.statement.draw import MODELS
from projections.statement.page import Party

FORMATS: Final = (JSON, HTML)

router = APIRouter()


@router.get(
    "/billing/monthly-statement",
    **documented(
        StatementAnswer,
        query=(required("month"), choice("format", FORMATS, "JSON, or a page to print.")),
        files={"text/html": "The statement as a page to print."},
    ),
)
async def get_statement(request: Request, caller: Caller) -> Response:
    """Answer with a month's statement in the envelope, or as a page to print."""
    query = Query(request, {"month", "format"})
    return await _answer(request, caller, query, query.choice("format", FORMATS) or JSON)


@router.get(
    "/billing/monthly-statement.csv",
    **documented_file(
        TABLE, "The statement's lines, for an accountant's import.", query=(required("month"),)
    ),
)
async def download_table(request: Request, caller: Caller) -> Response:
    """Answer with the statement's lines, for an accountant's import."""
    return await _answer(request, caller, Query(request, {"month"}), CSV)


@router.get(
    "/billing/monthly-statement.json",
    **documented_file(
        "application/json", "The one text whose SHA-256 was issued.", query=(required("month"),)
    ),
)
async def download_text(request: Request, caller: Caller) -> Response:
    """Answer with the one text whose SHA-256 was issued, byte for byte."""
    return await _answer(request, caller, Query(request, {"month"}), TEXT)


async def _answer(request: Request, caller: Identity, query: Query, kind: str) -> Response:
    month = query.month()
    if month is None:
        raise InvalidFieldError("'month' is missing: give one such as 2026-11.", "month")
    async with lent_for_long(request) as conn:
        await catch_up(conn, MODELS)
        wallet = await _wallet(conn, caller, month)
        row = await statement(conn, caller.wallet_id, month)
        if row is None:
            document = await draw_draft(conn, wallet, month)
        else:
            document = await draw_issued(conn, row, wallet.calendar)
    gateway = gateway_of(request)
    customer = await gateway.texts.get(caller.customer_id, CUSTOMER_NAME)
    party = Party(gateway.settings.issuer_name, customer)
    return statement_answer(request, document, row, kind, party)


async def _wallet(conn: AsyncConnection[Any], caller: Identity, month: str) -> WalletMonths:
    """Find the wallet's months, and check that this is one of them."""
    (wallet,) = await months(conn, caller.customer_id)
    now = await (await conn.execute("SELECT clock_timestamp()")).fetchone()
    assert now is not None, "a clock always answers"
    if month > wallet.calendar.month_of(now[0]):
        raise InvalidFieldError(f"{month} lies in the future.", "month")
    if month < wallet.calendar.first:
        what = f"statement: the wallet's first month is {wallet.calendar.first}"
        raise NotFoundError(what)
    return wallet
