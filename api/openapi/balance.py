"""GET /openapi/v1/balance."""

from fastapi import APIRouter, Request, Response

from api.envelope import success
from api.openapi.caller import Caller, read_models
from domain import ids
from domain.errors import NotFoundError
from domain.money import format_amount
from projections.balances import Balances
from projections.freshness import catch_up
from projections.read_balances import balance

router = APIRouter()


@router.get("/balance")
async def get_balance(request: Request, caller: Caller) -> Response:
    """Tell what is available, what open calls hold, and what is posted, own writes included."""
    async with read_models(request) as conn:
        await catch_up(conn, (Balances(),))
        found = await balance(conn, caller.wallet_id)
    if found is None:
        what = "wallet"
        raise NotFoundError(what)
    return success(
        request,
        {
            "customer_id": ids.public(ids.CUSTOMER, caller.customer_id),
            "currency": found.currency,
            "available": format_amount(found.available),
            "reserved": format_amount(found.reserved),
            "posted": format_amount(found.posted),
            "debt": format_amount(found.debt),
            "open_holds": found.open_holds,
            "updated_at": found.updated_at,
            "position": found.position,
        },
    )
