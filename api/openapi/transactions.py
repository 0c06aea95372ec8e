"""GET /openapi/v1/balance-transactions, the same as CSV, and one of them by id."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from api.document.operation import CSV, documented, documented_file
from api.document.parameters import choice
from api.envelope import success
from api.looking_back import prefix_at
from api.openapi.answers.balance import TransactionAnswer, TransactionsAnswer
from api.openapi.caller import Caller, read_models
from api.openapi.csv_answer import csv_answer
from api.openapi.query import Query, own_cursors
from domain import ids
from domain.errors import NotFoundError
from domain.money import format_amount
from projections.csv_text import csv_line
from projections.freshness import catch_up
from projections.read_balances import (
    Filters,
    Transaction,
    all_transactions,
    transaction,
    transactions,
)
from projections.transactions import TYPES, Transactions

FILTERS: Final = frozenset({"type", "from", "to", "request_id", "at"})
COLUMNS: Final = (
    "transaction_id", "type", "available", "posted", "available_after", "request_id", "api_key_id",
    "grant_id", "correction_id", "period", "corrects", "created_at",
)  # fmt: skip
QUERY: Final = (
    choice("type", TYPES, "Only movements of this kind."), "from", "to", "request_id", "at",
)  # fmt: skip

router = APIRouter()


@router.get(
    "/balance-transactions", **documented(TransactionsAnswer, query=(*QUERY, "cursor", "limit"))
)
async def list_transactions(request: Request, caller: Caller) -> Response:
    """List the wallet's ledger entries, the newest first, by pages."""
    asked = Query(request, FILTERS | {"cursor", "limit"})
    limit = asked.limit()
    async with read_models(request) as conn:
        await catch_up(conn, (Transactions(),))
        filters = await _filters(conn, asked)
        with own_cursors():
            page = await transactions(
                conn, caller.wallet_id, filters, cursor=asked.cursor, limit=limit
            )
    items = [_describe(entry) for entry in page.items]
    return success(request, {"items": items, "next_cursor": page.next_cursor})


@router.get(
    "/balance-transactions.csv", **documented_file(CSV, "Movements, the oldest first.", query=QUERY)
)
async def download_transactions(request: Request, caller: Caller) -> Response:
    """Stream the wallet's ledger entries, the oldest first."""
    asked = Query(request, FILTERS)
    async with read_models(request) as conn:
        head = await catch_up(conn, (Transactions(),))
        filters = await _filters(conn, asked)
    rows = all_transactions(lambda: read_models(request), caller.wallet_id, filters, upto=head)
    return await csv_answer(request, "balance-transactions", COLUMNS, _lines(rows))


@router.get("/balance-transactions/{transaction_id}", **documented(TransactionAnswer))
async def get_transaction(request: Request, transaction_id: str, caller: Caller) -> Response:
    """Look at one ledger entry of the caller's own wallet."""
    Query(request, ())
    async with read_models(request) as conn:
        await catch_up(conn, (Transactions(),))
        found = await transaction(conn, caller.wallet_id, transaction_id)
    if found is None:
        what = "transaction"
        raise NotFoundError(what)
    return success(request, _describe(found))


async def _filters(conn: AsyncConnection[Any], asked: Query) -> Filters:
    since, until = asked.times()
    at = asked.text("at")
    return Filters(
        type=asked.choice("type", TYPES),
        since=since,
        until=until,
        request_id=asked.id("request_id", ids.REQUEST),
        upto=None if at is None else (await prefix_at(conn, at)).position,
    )


async def _lines(
    batches: AsyncGenerator[Sequence[Transaction]],
) -> AsyncGenerator[Iterable[bytes]]:
    async for rows in batches:
        yield [_line(_describe(row)) for row in rows]


def _line(fields: dict[str, Any]) -> bytes:
    fields["created_at"] = fields["created_at"].isoformat()
    return csv_line(fields[column] for column in COLUMNS)


def _describe(entry: Transaction) -> dict[str, Any]:
    return {
        "transaction_id": entry.transaction_id,
        "type": entry.type,
        "available": format_amount(entry.available),
        "posted": format_amount(entry.posted),
        "available_after": format_amount(entry.available_after),
        "request_id": _public(ids.REQUEST, entry.request_id),
        "api_key_id": _public(ids.KEY, entry.key_id),
        "grant_id": _public(ids.GRANT, entry.grant_id),
        "correction_id": _public(ids.CORRECTION, entry.correction_id),
        "period": entry.period,
        "corrects": entry.corrects,
        "created_at": entry.created_at,
    }


def _public(prefix: str, found: UUID | None) -> str | None:
    return ids.public(prefix, found) if found is not None else None
