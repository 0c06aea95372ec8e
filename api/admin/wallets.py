"""A wallet as operators see it: its balance, its grants and its open holds, now or at any time."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response

from adapters.ledger.past import Prefix, wallet_at
from api.admin.answers.customers import HoldsAnswer
from api.admin.auth import gateway_of
from api.admin.fields import write_time
from api.admin.find import FoundCustomer, find_customer
from api.document.operation import documented
from api.envelope import success
from api.lending import lent_for_long
from api.looking_back import prefix_at
from domain import ids
from domain.decision import Decision
from domain.errors import NotFoundError
from domain.find import must_find
from domain.grants import Lot
from domain.moment import Moment, moment
from domain.money import format_amount
from domain.ports import Books
from domain.wallet import Wallet
from domain.wallet_state import Hold

T = TypeVar("T")

router = APIRouter()


@router.get("/customers/{customer_id}/holds", **documented(HoldsAnswer, query=("at",)))
async def list_holds(request: Request, customer_id: str) -> Response:
    """List the open holds of a wallet, the first to run out first, now or as of `?at=`."""
    customer = await find_customer(request, customer_id)
    return success(request, {"items": await look_at(request, customer, _describe_holds)})


async def look_at(
    request: Request, customer: FoundCustomer, describe: Callable[[Wallet, Moment], T]
) -> T:
    """Describe a wallet as it is now, or as the prefix of the log that `?at=` names left it."""

    def look(books: Books) -> T:
        return describe(must_find(books, Wallet, customer.wallet_id, "wallet"), books.at)

    at = request.query_params.get("at")
    if at is None:
        return await gateway_of(request).ledger.read(Decision((customer.wallet_id,), look))
    prefix, wallet = await _then(request, customer, at)
    if wallet is None:
        what = "wallet"
        raise NotFoundError(what)
    return describe(wallet, moment(prefix.recorded_at))


def describe_wallet(wallet: Wallet, at: Moment) -> dict[str, Any]:
    """Tell a wallet's figures once everything that is due has expired."""
    available, reserved = wallet.available_at(at), wallet.reserved_at(at)
    lots = (lot for lot in wallet.lots.values() if lot.available or lot.held)
    return {
        "balance": {
            "available": format_amount(available),
            "reserved": format_amount(reserved),
            "posted": format_amount(available + reserved),
            "debt": format_amount(wallet.debt),
            "currency": wallet.currency,
        },
        "frozen": wallet.frozen,
        "price_list": wallet.price_list,
        "overdraft_limit": format_amount(wallet.overdraft_limit),
        "excess_policy": wallet.excess_policy,
        "time_zone": wallet.calendar.zone_of(wallet.calendar.period_of(at.now)),
        "closed_through": wallet.calendar.closed or None,
        "grants": [_describe_lot(lot) for lot in lots if not lot.expired(at.horizon)],
    }


async def _then(request: Request, customer: FoundCustomer, at: str) -> tuple[Prefix, Wallet | None]:
    async with lent_for_long(request) as conn:
        prefix = await prefix_at(conn, at)
        return prefix, await wallet_at(conn, customer.wallet_id, prefix.position)


def _describe_lot(lot: Lot) -> dict[str, Any]:
    return {
        "grant_id": f"{ids.GRANT}_{lot.grant_id}",
        "category": lot.category,
        "priority": lot.priority,
        "expires_at": write_time(lot.expires_at),
        "available": format_amount(lot.available),
        "reserved": format_amount(lot.held),
    }


def _describe_holds(wallet: Wallet, at: Moment) -> list[dict[str, Any]]:
    def ends(entry: tuple[str, Hold]) -> tuple[Any, str]:
        return entry[1].expires_at, entry[0]

    return [
        {
            "request_id": f"{ids.REQUEST}_{request_id}",
            "api_key_id": f"{ids.KEY}_{hold.key_id}",
            "amount": format_amount(hold.amount),
            "period": hold.period,
            "expires_at": write_time(hold.expires_at),
            "run_out": hold.expires_at <= at.horizon,
        }
        for request_id, hold in sorted(wallet.holds.items(), key=ends)
    ]
