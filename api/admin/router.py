"""The admin API put together."""

from fastapi import APIRouter, Depends

from api.admin import (
    api_keys,
    corrections,
    customers,
    grants,
    payments,
    wallets,
    webhook_deliveries,
)
from api.admin.auth import require_operator

RESOURCES = (customers, grants, api_keys, corrections, wallets, payments, webhook_deliveries)


def admin_router() -> APIRouter:
    """Build every route of the operator's API; the token is asked for before anything is read."""
    router = APIRouter(prefix="/admin/v1", dependencies=[Depends(require_operator)])
    for resource in RESOURCES:
        router.include_router(resource.router)
    return router
