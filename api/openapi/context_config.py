"""GET and PATCH /openapi/v1/context/config: the window, the memory and the cache."""

from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, model_validator

from api.admin.auth import gateway_of
from api.admin.body import Fields
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.context import ContextConfigAnswer
from api.openapi.body import body_as
from api.openapi.caller import Caller
from api.openapi.key_views import manager_of
from api.openapi.query import Query
from domain import ids
from domain.call_policy import look_up_call_policy
from domain.change_call_policy import change_context
from domain.context_policy import (
    CACHE_SECONDS_MAX,
    MEMORY_DAYS_MAX,
    WINDOW_TOKENS_MAX,
    WINDOW_TOKENS_MIN,
    ContextPolicy,
)
from domain.reserve_call import Identity

router = APIRouter()

RULES: Final = {
    "window": (
        "A conversation that counts more tokens than the window loses its oldest turns, no more "
        "than it takes. A turn is what the user says and all that follows until he speaks again, "
        "tool calls with their results. System and developer messages and the last turn always "
        "stay; if they alone are beyond the window, the call is refused with "
        "context_length_exceeded. X-Context-Trimmed says how many messages were left out; what "
        "is within the window goes on as it came."
    ),
    "memory": (
        "A conversation that no call has joined and nobody has changed for so many days is "
        "archived, and its title and custom metadata are deleted for good. What its calls came "
        "to stays. A call that joins it at the very moment when this happens is answered and "
        "counted with it, and does not hold it up."
    ),
    "cache": (
        "The very same call, by the same customer, at the same address, is given the same answer "
        "again for so many seconds: a stream with the same bytes, ids in it included. Only whole "
        "answers are kept whose usage the provider reported, of at most 1 MiB, and none that a "
        "provider's own tools may have had a part in. The key must still be allowed to take the "
        "same model by the same route. It is a call like any other, with a request id, a hold "
        "and a charge of its own: for the same usage, at the service tier 'cached' of the "
        "model's prices, or free where there is none. X-Tollbook-Cache says hit or miss, and the "
        "billing detail has the basis 'cached'. Setting cache_seconds deletes what is kept; so "
        "does, of the oldest answers, keeping more than 10,000, or more bytes than the operator "
        "allows: 256 MiB where they say nothing else."
    ),
}


class ContextFields(Fields):
    """What to change; what is left out stays, and null turns off."""

    window_tokens: Annotated[int, Field(ge=WINDOW_TOKENS_MIN, le=WINDOW_TOKENS_MAX)] | None = None
    memory_days: Annotated[int, Field(ge=1, le=MEMORY_DAYS_MAX)] | None = None
    cache_seconds: Annotated[int, Field(ge=1, le=CACHE_SECONDS_MAX)] | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            message = f"Give at least one of {', '.join(type(self).model_fields)}"
            raise ValueError(message)
        return self


@router.get("/context/config", **documented(ContextConfigAnswer))
async def get_config(request: Request, caller: Caller) -> Response:
    """Tell how much of a conversation goes upstream, and what is kept."""
    Query(request, ())
    policy = await gateway_of(request).ledger.read(look_up_call_policy(caller.customer_id))
    return _answer(request, caller, policy.context)


@router.patch("/context/config", **documented(ContextConfigAnswer))
async def change_config(
    request: Request,
    caller: Caller,
    fields: Annotated[ContextFields, Depends(body_as(ContextFields))],
) -> Response:
    """Change what is given; the very next call obeys it."""
    gateway = gateway_of(request)
    changes = fields.model_dump(include=fields.model_fields_set)
    manager = manager_of(caller)
    command = change_context(caller.customer_id, changes, actor=manager.actor)
    policy = await gateway.ledger.execute(manager.guarded(command))
    if "cache_seconds" in changes:
        await gateway.answers.forget(caller.customer_id)
    return _answer(request, caller, policy)


def _answer(request: Request, caller: Identity, policy: ContextPolicy) -> Response:
    customer_id = ids.public(ids.CUSTOMER, caller.customer_id)
    return success(request, {"customer_id": customer_id, **policy.facts(), "rules": RULES})
