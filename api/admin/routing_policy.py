"""A customer's routing policy: look at it, and replace it as a whole."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.admin.auth import gateway_of
from api.admin.body import body_as
from api.admin.find import find_customer
from api.admin.routing_terms import PolicyFields, describe_policy
from api.document.operation import documented
from api.document.routing import RoutingPolicyAnswer
from api.envelope import success
from api.operator import ACTOR
from domain.change_routing import change_routing, look_up_routing

router = APIRouter()


@router.get("/customers/{customer_id}/routing-policy", **documented(RoutingPolicyAnswer))
async def get_policy(request: Request, customer_id: str) -> Response:
    """Look at what a customer asks of routing."""
    found = await find_customer(request, customer_id)
    policy = await gateway_of(request).ledger.read(look_up_routing(found.customer_id))
    return success(request, {"customer_id": customer_id, **describe_policy(policy)})


@router.put("/customers/{customer_id}/routing-policy", **documented(RoutingPolicyAnswer))
async def replace_policy(
    request: Request,
    customer_id: str,
    fields: Annotated[PolicyFields, Depends(body_as(PolicyFields))],
) -> Response:
    """Replace a customer's policy; the very next call of any worker obeys it."""
    gateway = gateway_of(request)
    found = await find_customer(request, customer_id)
    changes = fields.changes(gateway.catalog, PolicyFields.model_fields)
    command = change_routing(found.customer_id, changes, actor=ACTOR)
    policy = await gateway.ledger.execute(command)
    return success(request, {"customer_id": customer_id, **describe_policy(policy)})
