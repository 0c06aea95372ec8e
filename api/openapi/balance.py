"""GET /openapi/v1/balance, now or as of any instant or position of the log."""

from typing import Any

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from adapters.ledger.past import wallet_at
from api.document.operation import documented
from api.envelope import success
from api.lending import lent_for_long
from api.looking_back import prefix_at
from api.openapi.answers.balance import BalanceAnswer
from api.openapi.caller import Caller, read_models
from api.openapi.query import Query
from domain import ids
from domain.errors import NotFoundError
from domain.money import format_amount
from domain.reserve_call import Identity
from projections.balances import Balances
from projections.freshness import catch_up
from projections.read_balances import balance

router = APIRouter()


@router.get("/balance", **documented(BalanceAnswer, query=("at",)))
async def get_balance(request: Request, caller: Caller) -> Response:
    """Tell what is available, what open calls hold, and what is posted, own writes included."""
    at = Query(request, {"at"}).text("at")
    if at is None:
        async with read_models(request) as conn:
            figures = await _now(conn, caller)
    else:
        async with lent_for_long(request) as conn:
            figures = await _then(conn, caller, at)
    if figures is None:
        what = "wallet"
        raise NotFoundError(what)
    return success(
        request, {"customer_id": ids.public(ids.CUSTOMER, caller.customer_id), **figures}
    )


async def _now(conn: AsyncConnection[Any], caller: Identity) -> dict[str, Any] | None:
    await catch_up(conn, (Balances(),))
    found = await balance(conn, caller.wallet_id)
    return (
        None
        if found is None
        else {
            "currency": found.currency,
            "available": format_amount(found.available),
            "reserved": format_amount(found.reserved),
            "posted": format_amount(found.posted),
            "debt": format_amount(found.debt),
            "open_holds": found.open_holds,
            "updated_at": found.updated_at,
            "position": found.position,
        }
    )


async def _then(conn: AsyncConnection[Any], caller: Identity, at: str) -> dict[str, Any] | None:
    prefix = await prefix_at(conn, at)
    wallet = await wallet_at(conn, caller.wallet_id, prefix.position)
    return (
        None
        if wallet is None
        else {
            "currency": wallet.currency,
            "available": format_amount(wallet.available),
            "reserved": format_amount(wallet.reserved),
            "posted": format_amount(wallet.available + wallet.reserved),
            "debt": format_amount(wallet.debt),
            "open_holds": sum(hold.amount > 0 for hold in wallet.holds.values()),
            "updated_at": prefix.recorded_at,
            "position": prefix.position,
        }
    )
