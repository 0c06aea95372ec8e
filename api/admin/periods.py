"""Months: which of them are closed, closing one, and the zone whose midnights cut a customer's."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from api.admin.answers.customers import ZoneAnswer
from api.admin.answers.money import ClosedAnswer, PeriodsAnswer
from api.admin.auth import gateway_of
from api.admin.body import Fields, body_as
from api.admin.fields import write_time
from api.admin.find import find_customer
from api.admin.query import ListQuery, lent_connection, read_month
from api.closing import Closer
from api.document.operation import documented
from api.envelope import success
from api.operator import ACTOR
from api.sealed import seal_of
from domain.calendar import Calendar
from domain.close_month import change_time_zone
from domain.periods import next_month
from projections.customers import Customers
from projections.freshness import catch_up
from projections.read_statements import WalletMonths, issued_by_month, months
from projections.statements import Statements

router = APIRouter()


class CloseFields(Fields):
    """Whose month to close; everybody's if nobody is named."""

    customer_id: str | None = None


class ZoneFields(Fields):
    """A time zone by its IANA name."""

    zone: Annotated[str, Field(min_length=1, max_length=60)]


@router.get("/periods", **documented(PeriodsAnswer, query=("customer_id",)))
async def list_periods(request: Request) -> Response:
    """List the months from the first wallet's to the current one, the newest first."""
    query = ListQuery(request, ("customer_id",), paged=False)
    grace = timedelta(hours=gateway_of(request).settings.close_grace_hours)
    async with lent_connection(request) as conn:
        await catch_up(conn, (Customers(), Statements()))
        customer_id = query.customer_id()
        wallets = await months(conn, customer_id)
        issued = await issued_by_month(conn, customer_id)
        now = await (await conn.execute("SELECT clock_timestamp()")).fetchone()
    assert now is not None, "a clock always answers"
    items = [_describe(month, wallets, issued, grace) for month in _all(wallets, now[0])]
    return success(request, {"items": items[::-1]})


@router.post("/periods/{month}/close", **documented(ClosedAnswer))
async def close(
    request: Request,
    month: str,
    asked: Annotated[CloseFields, Depends(body_as(CloseFields, optional=True))],
) -> Response:
    """Close a month and the open ones before it, and issue their statements; safe to repeat."""
    gateway, period = gateway_of(request), read_month(month)
    customer_id: UUID | None = None
    if asked.customer_id is not None:
        customer_id = (await find_customer(request, asked.customer_id)).customer_id
    grace = timedelta(hours=gateway.settings.close_grace_hours)
    closer = Closer(
        gateway.ledger,
        gateway.pool,
        grace=grace,
        actor=ACTOR,
        seal=seal_of(gateway.settings, gateway.pool),
        turn=_turn(request),
    )
    return success(request, (await closer.close(period, customer_id)).describe())


@router.post("/customers/{customer_id}/time-zone", **documented(ZoneAnswer))
async def change_zone(
    request: Request,
    customer_id: str,
    new: Annotated[ZoneFields, Depends(body_as(ZoneFields))],
) -> Response:
    """Cut the customer's months by another zone, from the next month on."""
    customer = await find_customer(request, customer_id)
    command = change_time_zone(customer.wallet_id, zone=new.zone, actor=ACTOR)
    from_period = await gateway_of(request).ledger.execute(command)
    data = {"customer_id": customer_id, "zone": new.zone, "from_month": from_period}
    return success(request, data)


def _turn(request: Request) -> asyncio.Lock:
    """Give the worker's one turn to close: two at once would draw every statement twice."""
    state = request.app.state
    if not hasattr(state, "closing"):
        state.closing = asyncio.Lock()
    turn: asyncio.Lock = state.closing
    return turn


def _all(wallets: Sequence[WalletMonths], now: datetime) -> list[str]:
    """Name every month from the first wallet's to the current one."""
    if not wallets:
        return []
    month, last = (
        min(wallet.calendar.first for wallet in wallets),
        max(wallet.calendar.month_of(now) for wallet in wallets),
    )
    found = [month]
    while month < last:
        month = next_month(month)
        found.append(month)
    return found


def _describe(
    month: str, wallets: Sequence[WalletMonths], issued: Counter[str], grace: timedelta
) -> dict[str, Any]:
    concerned = [wallet.calendar for wallet in wallets if wallet.calendar.first <= month]
    still_open = {_cut(calendar): calendar for calendar in concerned if calendar.closed < month}
    ends = [calendar.bounds(month)[1] + grace for calendar in still_open.values()]
    closed = sum(calendar.closed >= month for calendar in concerned)
    return {
        "month": month,
        "status": "open" if ends else "closed",
        "wallets": len(concerned),
        "wallets_closed": closed,
        "statements_issued": issued[month],
        "closable_from": write_time(max(ends)) if ends else None,
    }


def _cut(calendar: Calendar) -> tuple[tuple[str, str], ...]:
    """Tell calendars apart by what cuts their months: most customers share one."""
    return tuple(calendar.zones)
