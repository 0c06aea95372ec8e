"""/openapi/v1/webhooks/deliveries: what the customer was sent, and sending it again."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from adapters.webhooks.messages import CHOICES, TEST
from adapters.webhooks.outbox import STATUSES
from adapters.webhooks.read_deliveries import DeliveryRow, deliveries, delivery
from adapters.webhooks.replay import ONE_SECONDS, replay
from api.admin.auth import gateway_of
from api.admin.fields import write_time
from api.document.answer import Answer, Page, Time
from api.document.operation import documented
from api.document.parameters import choice
from api.envelope import success
from api.openapi.body import no_body
from api.openapi.caller import Caller, read_models
from api.openapi.key_views import manager_of
from api.openapi.query import Query, own_cursors
from domain import ids
from domain.change_webhook import TooSoonError, look_up_webhook
from domain.errors import NotFoundError
from domain.reserve_call import Identity
from projections.pages import page_of, read_cursor

ACCEPTED: Final = 202
TOO_MANY: Final = 429
TYPES: Final = (*CHOICES, TEST)
WHAT: Final = "delivery"
_PATH: Final = "/webhooks/deliveries/{webhook_id}"
_STATUS: Final = choice("status", STATUSES, "Only deliveries in this state.")
_TYPE: Final = choice("type", TYPES, "Only messages of this type.")

router = APIRouter()


class DeliveryAnswer(Answer):
    """One message, and what came of its last attempt."""

    webhook_id: Annotated[str, Field(description="The `webhook-id` that it is sent under.")]
    type: str
    status: str
    attempts: int
    http_status: Annotated[int | None, Field(description="What the receiver answered last.")]
    error: Annotated[str | None, Field(description="A short code of what went wrong last.")]
    created_at: Time
    last_attempt_at: Time | None
    next_attempt_at: Time | None


@router.get(
    "/webhooks/deliveries",
    **documented(Page[DeliveryAnswer], query=("limit", "cursor", _STATUS, _TYPE)),
)
async def list_deliveries(request: Request, caller: Caller) -> Response:
    """List what the customer was sent and is still to be sent, the newest first, by pages."""
    asked = Query(request, ("limit", "cursor", "status", "type"))
    status, kind, limit = (
        asked.choice("status", STATUSES),
        asked.choice("type", TYPES),
        asked.limit(),
    )
    scope = f"deliveries {caller.customer_id} {status} {kind}"
    with own_cursors():
        before = read_cursor(scope, asked.cursor)[0] if asked.cursor is not None else None
    async with read_models(request) as conn:
        rows = await deliveries(
            conn,
            status=status,
            customer_id=caller.customer_id,
            before=before,
            limit=limit + 1,
            kind=kind,
        )
    page = page_of(rows, scope, limit, lambda row: (row.position, 0))
    items = [_describe(row) for row in page.items]
    return success(request, {"items": items, "next_cursor": page.next_cursor})


@router.get(_PATH, **documented(DeliveryAnswer))
async def get_delivery(request: Request, webhook_id: str, caller: Caller) -> Response:
    """Look at one message of the customer's."""
    Query(request, ())
    return success(request, _describe(await _find(request, caller, webhook_id)))


@router.post(
    f"{_PATH}/replay",
    dependencies=[Depends(no_body)],
    **documented(DeliveryAnswer, status=ACCEPTED, refuses=(TOO_MANY,)),
)
async def send_again(request: Request, webhook_id: str, caller: Caller) -> Response:
    """Send a message again under the same id, whatever came of it before."""
    await _find(request, caller, webhook_id)
    command = manager_of(caller).guarded(look_up_webhook(caller.customer_id))
    (await gateway_of(request).ledger.read(command)).check_there()
    async with read_models(request) as conn:
        if not await replay(conn, caller.customer_id, webhook_id):
            raise TooSoonError(ONE_SECONDS)
    return success(request, _describe(await _find(request, caller, webhook_id)), ACCEPTED)


async def _find(request: Request, caller: Identity, webhook_id: str) -> DeliveryRow:
    if ids.parse_public(ids.MESSAGE, webhook_id) is None:
        raise NotFoundError(WHAT)
    async with read_models(request) as conn:
        found = await delivery(conn, caller.customer_id, webhook_id)
    if found is None:
        raise NotFoundError(WHAT)
    return found


def _describe(row: DeliveryRow) -> dict[str, Any]:
    return {
        "webhook_id": row.webhook_id,
        "type": row.type,
        "status": row.status,
        "attempts": row.attempts,
        "http_status": row.http_status,
        "error": row.error,
        "created_at": write_time(row.created_at),
        "last_attempt_at": write_time(row.last_attempt_at),
        "next_attempt_at": write_time(row.next_attempt_at),
    }
