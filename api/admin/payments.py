"""Payments: what providers' webhooks brought, and crediting what nobody has yet."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.admin.answers.money import AppliedAnswer, PaymentAnswer, PaymentsAnswer
from api.admin.auth import gateway_of
from api.admin.body import Fields, body_as
from api.admin.fields import write_time
from api.admin.find import find_customer, parse_id
from api.admin.query import ListQuery, lent_connection
from api.document.operation import documented
from api.document.parameters import choice
from api.envelope import success
from api.errors import InvalidFieldError
from api.operator import ACTOR
from domain import ids
from domain.errors import NotFoundError
from domain.money import Nanos, format_amount
from domain.take_payment import Payer, apply_payment
from projections.freshness import catch_up
from projections.pages import CursorError
from projections.payments import Payments
from projections.read_payments import STATUSES, PaymentFilters, PaymentRow, payment, payments

FILTERS = ("status", "needs_attention", "customer_id")
PAYMENT = "payment"

router = APIRouter()


class ApplyFields(Fields):
    """Whose credit the money is to become."""

    customer_id: str


@router.get(
    "/payments",
    **documented(
        PaymentsAnswer,
        query=(
            choice("status", STATUSES, "Only payments that came so far."),
            choice(
                "needs_attention",
                ("true", "false"),
                "Only those that wait for an operator, or do not.",
            ),
            "customer_id",
            "cursor",
            "limit",
        ),
    ),
)
async def list_payments(request: Request) -> Response:
    """List payments, the newest first, by pages."""
    query = ListQuery(request, FILTERS)
    attention = query.choice("needs_attention", ("true", "false"))
    filters = PaymentFilters(
        query.choice("status", STATUSES),
        None if attention is None else attention == "true",
        query.customer_id(),
    )
    limit = query.limit
    async with lent_connection(request) as conn:
        await catch_up(conn, (Payments(),))
        try:
            page = await payments(conn, filters, cursor=query.cursor, limit=limit)
        except CursorError as error:
            raise InvalidFieldError(str(error), "cursor") from None
    items = [_describe(row) for row in page.items]
    return success(request, {"items": items, "next_cursor": page.next_cursor})


@router.get("/payments/{payment_id}", **documented(PaymentAnswer))
async def get_payment(request: Request, payment_id: str) -> Response:
    """Look at one payment."""
    parsed = parse_id(ids.PAYMENT, payment_id, gateway_of(request).shard, PAYMENT)
    async with lent_connection(request) as conn:
        await catch_up(conn, (Payments(),))
        found = await payment(conn, parsed)
    if found is None:
        raise NotFoundError(PAYMENT)
    return success(request, _describe(found))


@router.post("/payments/{payment_id}/apply", **documented(AppliedAnswer))
async def apply(
    request: Request, payment_id: str, to: Annotated[ApplyFields, Depends(body_as(ApplyFields))]
) -> Response:
    """Credit money that waited to a customer; the same again changes nothing."""
    gateway = gateway_of(request)
    parsed = parse_id(ids.PAYMENT, payment_id, gateway.shard, PAYMENT)
    customer = await find_customer(request, to.customer_id)
    payer = Payer(customer.customer_id, customer.wallet_id)
    applied = await gateway.ledger.execute(apply_payment(parsed, payer, actor=ACTOR))
    data = {
        "payment_id": payment_id,
        "customer_id": to.customer_id,
        "grant_id": f"{ids.GRANT}_{applied.grant_id}",
        "amount": format_amount(applied.amount),
        "voided": format_amount(applied.voided),
        "currency": applied.currency,
    }
    return success(request, data)


def _describe(row: PaymentRow) -> dict[str, Any]:
    has_grant = row.customer_id is not None
    return {
        "payment_id": ids.public(ids.PAYMENT, row.payment_id),
        "provider": row.provider,
        "reference": row.reference,
        "status": row.status,
        "amount": _amount(row.amount),
        "currency": row.currency,
        "problem": row.problem,
        "customer_id": ids.public(ids.CUSTOMER, row.customer_id) if row.customer_id else None,
        "grant_id": ids.public(ids.GRANT, row.payment_id) if has_grant else None,
        "refunded": _amount(row.refunded),
        "voided": _amount(row.voided),
        "shortfall": _amount(row.shortfall),
        "questions": [_question(text) for text in row.questions],
        "needs_attention": row.needs_attention,
        "created_at": write_time(row.created_at),
        "updated_at": write_time(row.updated_at),
    }


def _amount(nanos: Nanos | None) -> str | None:
    return None if nanos is None else format_amount(nanos)


def _question(text: str) -> dict[str, str]:
    code, _, item = text.partition(" ")
    return {"code": code, "reference": item}
