"""The customer's API put together."""

from fastapi import APIRouter, Depends, Request

from api.openapi import (
    api_keys,
    balance,
    balance_check,
    balance_config,
    billing_detail,
    billing_explanation,
    billing_rules,
    call_content,
    client,
    context_config,
    conversations,
    cost,
    key_secrets,
    model_access,
    model_tags,
    models,
    monthly_statement,
    observation,
    preflight,
    profile,
    resources,
    routing_policy,
    seal,
    security_policy,
    statement_proof,
    traces,
    transactions,
    usage,
    webhook_deliveries,
    webhooks,
)
from api.openapi.query import Query

RESOURCES = (
    security_policy,
    call_content,
    api_keys,
    key_secrets,
    model_access,
    client,
    profile,
    balance,
    transactions,
    balance_check,
    balance_config,
    usage,
    billing_detail,
    billing_explanation,
    billing_rules,
    context_config,
    conversations,
    cost,
    monthly_statement,
    observation,
    preflight,
    models,  # after what ends in /preflight: an id may hold slashes
    model_tags,
    resources,
    routing_policy,
    seal,
    statement_proof,
    traces,
    webhook_deliveries,
    webhooks,
)


async def _no_parameters(request: Request) -> None:
    """Refuse every parameter of what changes something: only what is looked at takes any."""
    if request.method != "GET":
        Query(request, ())


def customer_router() -> APIRouter:
    """Build every route of the customer's own API."""
    router = APIRouter(prefix="/openapi/v1", dependencies=[Depends(_no_parameters)])
    for resource in RESOURCES:
        router.include_router(resource.router)
    return router
