"""Webhook deliveries: what customers were told, and what could not be told to them."""

from typing import Any

from fastapi import APIRouter, Request, Response

from adapters.webhooks.outbox import STATUSES
from adapters.webhooks.read_deliveries import DeliveryRow, deliveries
from api.admin.answers.money import DeliveriesAnswer
from api.admin.fields import write_time
from api.admin.query import ListQuery, lent_connection
from api.document.operation import documented
from api.document.parameters import choice
from api.envelope import success
from api.errors import InvalidFieldError
from domain import ids
from projections.pages import CursorError, page_of, read_cursor

FILTERS = ("status", "customer_id")

router = APIRouter()


@router.get(
    "/webhook-deliveries",
    **documented(
        DeliveriesAnswer,
        query=(
            choice("status", STATUSES, "Only what came so far."),
            "customer_id",
            "cursor",
            "limit",
        ),
    ),
)
async def list_deliveries(request: Request) -> Response:
    """List deliveries, the newest first, by pages."""
    query = ListQuery(request, FILTERS)
    status, customer_id = query.choice("status", STATUSES), query.customer_id()
    limit, cursor = query.limit, query.cursor
    scope = f"webhook_deliveries {status} {customer_id}"
    try:
        before = read_cursor(scope, cursor)[0] if cursor is not None else None
    except CursorError as error:
        raise InvalidFieldError(str(error), "cursor") from None
    async with lent_connection(request) as conn:
        rows = await deliveries(
            conn, status=status, customer_id=customer_id, before=before, limit=limit + 1
        )
    page = page_of(rows, scope, limit, lambda row: (row.position, 0))
    items = [_describe(row) for row in page.items]
    return success(request, {"items": items, "next_cursor": page.next_cursor})


def _describe(row: DeliveryRow) -> dict[str, Any]:
    return {
        "webhook_id": row.webhook_id,
        "customer_id": ids.public(ids.CUSTOMER, row.customer_id),
        "type": row.type,
        "status": row.status,
        "attempts": row.attempts,
        "http_status": row.http_status,
        "error": row.error,
        "created_at": write_time(row.created_at),
        "last_attempt_at": write_time(row.last_attempt_at),
        "next_attempt_at": write_time(row.next_attempt_at),
    }
