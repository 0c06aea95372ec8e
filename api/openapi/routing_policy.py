"""GET and PATCH /openapi/v1/routing/policy: which models and routes the customer's calls take."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import model_validator

from api.admin.auth import gateway_of
from api.admin.routing_terms import PolicyFields, describe_policy
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.routing import ScopedRoutingPolicyAnswer
from api.openapi.body import body_as
from api.openapi.caller import Caller
from api.openapi.key_views import manager_of
from api.openapi.model_scope import ModelScopeFields, describe_scope
from api.openapi.query import Query
from domain import ids
from domain.change_routing import change_routing, look_up_routing
from domain.reserve_call import Identity
from domain.routing_policy import RoutingPolicy

router = APIRouter()


class PolicyChangeFields(PolicyFields):
    """What to change; what is left out stays. `model_scope` is another way to say `models`."""

    model_scope: ModelScopeFields = ModelScopeFields(mode="automatic", model_ids=[])

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            message = f"Give at least one of {', '.join(type(self).model_fields)}"
            raise ValueError(message)
        if "model_scope" in self.model_fields_set:
            if "models" in self.model_fields_set:
                message = "Give models or model_scope, not both"
                raise ValueError(message)
            self.models = self.model_scope.model_ids
        return self


@router.get("/routing/policy", **documented(ScopedRoutingPolicyAnswer))
async def get_policy(request: Request, caller: Caller) -> Response:
    """Tell what the customer asks of routing."""
    Query(request, ())
    policy = await gateway_of(request).ledger.read(look_up_routing(caller.customer_id))
    return _answer(request, caller, policy)


@router.patch("/routing/policy", **documented(ScopedRoutingPolicyAnswer))
async def change_policy(
    request: Request,
    caller: Caller,
    fields: Annotated[PolicyChangeFields, Depends(body_as(PolicyChangeFields))],
) -> Response:
    """Change what is given; the very next call obeys it."""
    gateway = gateway_of(request)
    fields.model_scope.known(gateway.catalog.models)  # named as it was given, and not as `models`
    changes = fields.changes(gateway.catalog, fields.model_fields_set - {"model_scope"})
    manager = manager_of(caller)
    command = change_routing(caller.customer_id, changes, actor=manager.actor)
    policy = await gateway.ledger.execute(manager.guarded(command))
    return _answer(request, caller, policy)


def _answer(request: Request, caller: Identity, policy: RoutingPolicy) -> Response:
    customer_id = ids.public(ids.CUSTOMER, caller.customer_id)
    scope = describe_scope(policy.models)
    return success(
        request, {"customer_id": customer_id, **describe_policy(policy), "model_scope": scope}
    )
