"""The admin API put together."""

from fastapi import APIRouter, Depends

from api.admin import (
    api_keys,
    correction_batches,
    corrections,
    customers,
    grants,
    key_changes,
    limits,
    margins,
    payments,
    periods,
    price_lists,
    price_versions,
    reconciliations,
    reports,
    routing_policy,
    seal,
    statements,
    supplier_reports,
    wallets,
    webhook_deliveries,
    what_if,
)
from api.admin.auth import require_operator

RESOURCES = (
    customers,
    grants,
    api_keys,
    key_changes,
    limits,
    routing_policy,
    corrections,
    correction_batches,
    price_lists,
    price_versions,
    what_if,
    wallets,
    payments,
    webhook_deliveries,
    periods,
    statements,
    reports,
    margins,
    supplier_reports,
    reconciliations,
    seal,
)


def admin_router() -> APIRouter:
    """Build every route of the operator's API; the token is asked for before anything is read."""
    router = APIRouter(prefix="/admin/v1", dependencies=[Depends(require_operator)])
    for resource in RESOURCES:
        router.include_router(resource.router)
    return router
