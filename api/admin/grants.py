"""Grants: add credit to a customer's wallet, and take back what is unused of it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response

from api.admin.answers.customers import GrantAnswer, VoidedAnswer
from api.admin.auth import gateway_of
from api.admin.body import Fields, body_as
from api.admin.fields import PositiveAmount, Priority, ReasonCode, Reference, Time, write_time
from api.admin.find import find_customer, parse_id
from api.admin.idempotency import HIT, claim_of
from api.document.operation import documented
from api.envelope import CREATED, success
from api.operator import ACTOR
from domain import ids
from domain.manage import NewGrant, grant_credit, void_grant
from domain.money import format_amount

router = APIRouter()


class NewGrantFields(Fields):
    """Credit to add; the lower the priority, the sooner it is used."""

    amount: PositiveAmount
    category: Literal["paid", "promotional"] = "paid"
    expires_at: Time | None = None
    priority: Priority = 0
    reference: Reference | None = None


class VoidFields(Fields):
    """Why credit is taken back, as a short code, and how much of it: all, if nothing is said."""

    reason: ReasonCode = "operator"
    amount: PositiveAmount | None = None


@router.post(
    "/customers/{customer_id}/grants", **documented(GrantAnswer, status=CREATED, idempotent=True)
)
async def grant(
    request: Request,
    customer_id: str,
    new: Annotated[NewGrantFields, Depends(body_as(NewGrantFields))],
) -> Response:
    """Add credit, once per Idempotency-Key."""
    gateway = gateway_of(request)
    customer = await find_customer(request, customer_id)
    claim = claim_of(request, new, gateway.shard)
    minted = NewGrant(
        grant_id=gateway.mint(),
        amount=new.amount,
        category=new.category,
        actor=ACTOR,
        priority=new.priority,
        expires_at=new.expires_at,
        reference=new.reference,
    )
    grant_id = await gateway.ledger.execute(grant_credit(customer.wallet_id, minted, claim))
    data = {
        "grant_id": f"{ids.GRANT}_{grant_id}",
        "customer_id": customer_id,
        **_describe(new),
        "currency": customer.currency,
    }
    return success(request, data, CREATED, HIT if grant_id != minted.grant_id.hex else {})


@router.post(
    "/customers/{customer_id}/grants/{grant_id}/void", **documented(VoidedAnswer, idempotent=True)
)
async def void(
    request: Request,
    customer_id: str,
    grant_id: str,
    why: Annotated[VoidFields, Depends(body_as(VoidFields, optional=True))],
) -> Response:
    """Take back what is neither used nor held of a grant, or a part of it, once per key."""
    gateway = gateway_of(request)
    customer = await find_customer(request, customer_id)
    lot = parse_id(ids.GRANT, grant_id, gateway.shard, "grant").hex
    command = void_grant(
        customer.wallet_id,
        lot,
        reason=why.reason,
        actor=ACTOR,
        amount=why.amount,
        claim=claim_of(request, why, gateway.shard),
    )
    amount = await gateway.ledger.execute(command)
    data = {
        "grant_id": grant_id,
        "customer_id": customer_id,
        "voided": format_amount(amount),
        "currency": customer.currency,
    }
    return success(request, data)


def _describe(new: NewGrantFields) -> dict[str, Any]:
    return {
        "amount": format_amount(new.amount),
        "category": new.category,
        "expires_at": write_time(new.expires_at),
        "priority": new.priority,
        "reference": new.reference,
    }
