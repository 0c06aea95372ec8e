"""The customer's API put together."""

from fastapi import APIRouter

from api.openapi import (
    balance,
    balance_check,
    balance_config,
    billing_detail,
    billing_explanation,
    billing_rules,
    cost,
    monthly_statement,
    routing_policy,
    seal,
    statement_proof,
    transactions,
    usage,
)

RESOURCES = (
    balance,
    transactions,
    balance_check,
    balance_config,
    usage,
    billing_detail,
    billing_explanation,
    billing_rules,
    cost,
    monthly_statement,
    routing_policy,
    seal,
    statement_proof,
)


def customer_router() -> APIRouter:
    """Build every route of the customer's own API."""
    router = APIRouter(prefix="/openapi/v1")
    for resource in RESOURCES:
        router.include_router(resource.router)
    return router
