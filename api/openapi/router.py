"""The customer's API put together."""

from fastapi import APIRouter

from api.openapi import balance, transactions

RESOURCES = (balance, transactions)


def customer_router() -> APIRouter:
    """Build every route of the customer's own API."""
    router = APIRouter(prefix="/openapi/v1")
    for resource in RESOURCES:
        router.include_router(resource.router)
    return router
