"""GET /openapi/v1/balance-transactions, and one of them by id."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.envelope import success
from api.errors import InvalidFieldError
from api.openapi.caller import Caller, read_models
from domain import ids
from domain.errors import NotFoundError
from domain.money import format_amount
from projections.freshness import catch_up
from projections.pages import LIMIT_MAX
from projections.read_balances import Filters, Transaction, transaction, transactions
from projections.transactions import Transactions

LIMIT_DEFAULT: Final = 50
FILTERS: Final = frozenset({"type", "from", "to", "request_id", "cursor", "limit"})

router = APIRouter()


@router.get("/balance-transactions")
async def list_transactions(request: Request, caller: Caller) -> Response:
    """List the wallet's ledger entries, the newest first, by pages."""
    asked = request.query_params
    for name in asked:
        if name not in FILTERS:
            raise InvalidFieldError(f"There is no filter '{name}'.", name)
    filters = Filters(
        type=asked.get("type"),
        since=_time(asked.get("from"), "from"),
        until=_time(asked.get("to"), "to"),
        request_id=_request_id(asked.get("request_id")),
    )
    limit = _limit(asked.get("limit"))
    async with read_models(request) as conn:
        await catch_up(conn, (Transactions(),))
        try:
            page = await transactions(
                conn, caller.wallet_id, filters, cursor=asked.get("cursor"), limit=limit
            )
        except ValueError as error:
            raise InvalidFieldError(str(error), "cursor") from None
    items = [_describe(entry) for entry in page.items]
    return success(request, {"items": items, "next_cursor": page.next_cursor})


@router.get("/balance-transactions/{transaction_id}")
async def get_transaction(request: Request, transaction_id: str, caller: Caller) -> Response:
    """Look at one ledger entry of the caller's own wallet."""
    async with read_models(request) as conn:
        await catch_up(conn, (Transactions(),))
        found = await transaction(conn, caller.wallet_id, transaction_id)
    if found is None:
        what = "transaction"
        raise NotFoundError(what)
    return success(request, _describe(found))


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
        "created_at": entry.created_at,
    }


def _public(prefix: str, found: UUID | None) -> str | None:
    return ids.public(prefix, found) if found is not None else None


def _time(text: str | None, name: str) -> datetime | None:
    """Read a time with its zone; a plus sign that a query made a space is meant as a plus."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise InvalidFieldError(f"'{name}' must be a time with a zone, as in RFC 3339.", name)
    return time


def _request_id(text: str | None) -> UUID | None:
    if text is None:
        return None
    request_id = ids.parse_public(ids.REQUEST, text)
    if request_id is None:
        raise InvalidFieldError("'request_id' must be an id such as req_….", "request_id")
    return request_id


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_DEFAULT
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= LIMIT_MAX:
        raise InvalidFieldError(f"'limit' must be from 1 to {LIMIT_MAX}.", "limit")
    return int(text[:9])
