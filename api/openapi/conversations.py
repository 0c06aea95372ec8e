"""/openapi/v1/conversations: metadata of the customer's conversations, and what each has cost."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.admin.auth import gateway_of
from api.admin.fields import write_time
from api.admin.find import parse_id
from api.document.answer import Answer, Money, Page, Time
from api.document.operation import documented
from api.document.parameters import choice, parameter
from api.envelope import CREATED, success
from api.openapi.body import body_as
from api.openapi.caller import Caller, read_models
from api.openapi.conversation_fields import (
    ConversationChangeFields,
    ConversationFields,
    forget,
    keeping,
    read_metadata,
)
from api.openapi.key_views import manager_of
from api.openapi.query import Query, own_cursors
from api.openapi.standing import standing
from domain import ids
from domain.change_conversation import (
    archive_conversation,
    change_conversation,
    start_conversation,
)
from domain.conversation import STATUSES, Label
from domain.errors import NotFoundError
from domain.money import format_amount
from domain.reserve_call import Identity
from projections.freshness import catch_up
from projections.read_conversations import (
    NEEDED,
    ConversationRow,
    Filters,
    conversation,
    conversations,
)

WHAT: Final = "conversation"
_PATH: Final = "/conversations/{conversation_id}"
_STATUS: Final = choice("status", STATUSES, "Only conversations in this state.")
_MODEL: Final = parameter(
    "model", "Only conversations meant for this model.", {"type": "string", "maxLength": 200}
)

router = APIRouter()


class ConversationUsage(Answer):
    """What the calls of a conversation came to."""

    calls: int
    """Calls that joined it, those still open among them."""
    charged: int
    released: int
    """Calls that ended and cost nothing."""
    units: dict[str, int]
    """Tokens and paid requests of the charged calls, by component."""
    currency: str
    amount: Money
    """What was charged at first."""
    corrected: Money
    """What corrections gave back."""
    total: Money
    """What is left to pay."""


class ConversationAnswer(Answer):
    """A conversation's metadata; what was said in it is kept nowhere."""

    conversation_id: str
    status: str
    title: str | None
    model: str | None
    metadata: dict[str, str]
    created_at: Time
    updated_at: Time
    last_used_at: Time | None
    """When a call joined it last."""
    usage: ConversationUsage


@router.post("/conversations", **documented(ConversationAnswer, status=CREATED))
async def start(
    request: Request,
    caller: Caller,
    fields: Annotated[ConversationFields, Depends(body_as(ConversationFields, optional=True))],
) -> Response:
    """Start a conversation; calls join it by the header X-Conversation-ID."""
    gateway, manager = gateway_of(request), manager_of(caller)
    conversation_id = gateway.mint()
    async with keeping(gateway, conversation_id, fields) as changes:
        command = start_conversation(
            caller.customer_id, conversation_id, Label(**changes), actor=manager.actor
        )
        await gateway.ledger.execute(manager.guarded(command))
    return await _answer(request, caller, conversation_id, CREATED)


@router.get(
    "/conversations",
    **documented(Page[ConversationAnswer], query=("limit", "cursor", _STATUS, _MODEL)),
)
async def list_conversations(request: Request, caller: Caller) -> Response:
    """List the customer's conversations, the newest first, by pages."""
    asked = Query(request, ("limit", "cursor", "status", "model"))
    filters = Filters(asked.choice("status", STATUSES), asked.text("model"))
    limit = asked.limit()
    currency = (await standing(request, caller)).currency
    async with read_models(request) as conn:
        await catch_up(conn, NEEDED)
        with own_cursors():
            page = await conversations(
                conn, caller.customer_id, filters, cursor=asked.cursor, limit=limit
            )
    items = [_describe(row, currency) for row in page.items]
    return success(request, {"items": items, "next_cursor": page.next_cursor})


@router.get(_PATH, **documented(ConversationAnswer))
async def get_conversation(request: Request, conversation_id: str, caller: Caller) -> Response:
    """Look at one of the customer's conversations."""
    Query(request, ())
    return await _answer(request, caller, _parse(request, conversation_id))


@router.patch(_PATH, **documented(ConversationAnswer))
async def change(
    request: Request,
    conversation_id: str,
    caller: Caller,
    fields: Annotated[ConversationChangeFields, Depends(body_as(ConversationChangeFields))],
) -> Response:
    """Change what is given; null takes away, and metadata is replaced as a whole.

    Of an archived conversation the title and the metadata can still be taken away, for good.
    """
    gateway, parsed = gateway_of(request), _parse(request, conversation_id)
    manager = manager_of(caller)
    async with keeping(gateway, parsed, fields) as changes:
        command = change_conversation(caller.customer_id, parsed, changes, actor=manager.actor)
        before = await gateway.ledger.execute(manager.guarded(command))
    await forget(gateway.texts, before, changes)
    return await _answer(request, caller, parsed)


@router.delete(_PATH, **documented(ConversationAnswer))
async def archive(request: Request, conversation_id: str, caller: Caller) -> Response:
    """Archive a conversation: it stays to be read, but no call joins it any more.

    Its title and metadata stay too, until `PATCH` takes them away.
    """
    parsed, manager = _parse(request, conversation_id), manager_of(caller)
    command = archive_conversation(caller.customer_id, parsed, actor=manager.actor)
    await gateway_of(request).ledger.execute(manager.guarded(command))
    return await _answer(request, caller, parsed)


async def _answer(
    request: Request, caller: Identity, conversation_id: UUID, status: int = 200
) -> Response:
    currency = (await standing(request, caller)).currency
    async with read_models(request) as conn:
        await catch_up(conn, NEEDED)
        row = await conversation(conn, caller.customer_id, conversation_id)
    if row is None:
        raise NotFoundError(WHAT)
    return success(request, _describe(row, currency), status)


def _parse(request: Request, conversation_id: str) -> UUID:
    return parse_id(ids.CONVERSATION, conversation_id, gateway_of(request).shard, WHAT)


def _describe(row: ConversationRow, currency: str) -> dict[str, object]:
    return {
        "conversation_id": ids.public(ids.CONVERSATION, row.conversation_id),
        "status": row.status,
        "title": row.title,
        "model": row.model,
        "metadata": read_metadata(row.metadata),
        "created_at": write_time(row.created_at),
        "updated_at": write_time(row.updated_at),
        "last_used_at": write_time(row.last_used_at),
        "usage": {
            "calls": row.calls,
            "charged": row.charges,
            "released": row.releases,
            "units": row.usage,
            "currency": currency,
            "amount": format_amount(row.amount),
            "corrected": format_amount(row.corrected),
            "total": format_amount(row.amount - row.corrected),
        },
    }
