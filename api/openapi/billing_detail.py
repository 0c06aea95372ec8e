"""GET /openapi/v1/billing/detail and the same as CSV: the calls of the caller's own wallet."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.document.operation import CSV, documented, documented_file
from api.document.parameters import choice
from api.envelope import success
from api.openapi.answers.calls import CallsAnswer
from api.openapi.caller import Caller, read_models
from api.openapi.csv_answer import csv_answer
from api.openapi.query import Query, own_cursors
from api.openapi.standing import standing
from domain import ids
from domain.inference_request import CHARGED, RELEASED, RESERVED, UNKNOWN
from domain.money import format_amount
from domain.usage import METERED
from projections.calls import Calls
from projections.csv_text import csv_line
from projections.freshness import catch_up
from projections.read_calls import CallRow, Filters, all_calls, calls

FILTERS: Final = frozenset(
    {"from", "to", "model", "status", "key_id", "request_id", "conversation_id", "tag"}
)
STATUSES: Final = (RESERVED, CHARGED, RELEASED, UNKNOWN)
COLUMNS: Final = (
    "request_id", "client_request_id", "conversation_id", "created_at", "ended_at", "period",
    "status", "model", "surface", "api_key_id", "basis", "price_version", "price_list",
    "service_tier", "input_tokens", "output_tokens",
    *METERED, "currency", "hold", "amount", "absorbed", "corrected", "total", "flags", "reason",
    "tags", "milliseconds", "first_byte_ms",
)  # fmt: skip
QUERY: Final = (
    "from", "to", "model", choice("status", STATUSES, "Only calls that came to this."),
    "key_id", "request_id", "conversation_id", "tag",
)  # fmt: skip

router = APIRouter()


@router.get("/billing/detail", **documented(CallsAnswer, query=(*QUERY, "cursor", "limit")))
async def list_calls(request: Request, caller: Caller) -> Response:
    """List the wallet's calls, the newest first, by pages."""
    asked = Query(request, FILTERS | {"cursor", "limit"})
    filters, limit = _filters(asked), asked.limit()
    currency = (await standing(request, caller)).currency
    async with read_models(request) as conn:
        await catch_up(conn, (Calls(),))
        with own_cursors():
            page = await calls(conn, caller.wallet_id, filters, cursor=asked.cursor, limit=limit)
    items = [describe(row, currency) for row in page.items]
    return success(request, {"items": items, "next_cursor": page.next_cursor})


@router.get("/billing/detail.csv", **documented_file(CSV, "Calls, the oldest first.", query=QUERY))
async def download_calls(request: Request, caller: Caller) -> Response:
    """Stream the wallet's calls, the oldest first."""
    filters = _filters(Query(request, FILTERS))
    currency = (await standing(request, caller)).currency
    async with read_models(request) as conn:
        head = await catch_up(conn, (Calls(),))
    rows = all_calls(lambda: read_models(request), caller.wallet_id, filters, upto=head)
    return await csv_answer(request, "billing-detail", COLUMNS, _lines(rows, currency))


def describe(row: CallRow, currency: str) -> dict[str, Any]:
    """Show a call; `corrected` is what corrections gave back, `total` what is left to pay."""
    return {
        "request_id": ids.public(ids.REQUEST, row.request_id),
        "client_request_id": row.client_request_id,
        "conversation_id": _conversation(row),
        "created_at": row.created_at,
        "ended_at": row.ended_at,
        "period": row.period,
        "status": row.status,
        "model": row.model,
        "surface": row.surface,
        "api_key_id": ids.public(ids.KEY, row.key_id),
        "basis": row.basis,
        "price_version": row.price_version,
        "price_list": row.price_list,
        "service_tier": row.service_tier,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "usage": row.usage,
        "currency": currency,
        "hold": format_amount(row.hold),
        "amount": format_amount(row.amount),
        "absorbed": format_amount(row.absorbed),
        "corrected": format_amount(row.corrected),
        "total": format_amount(row.total),
        "flags": row.flags,
        "reason": row.reason,
        "tags": row.tags,
        "milliseconds": row.milliseconds,
        "first_byte_ms": row.first_byte_ms,
    }


async def _lines(
    batches: AsyncGenerator[Sequence[CallRow]], currency: str
) -> AsyncGenerator[Iterable[bytes]]:
    async for rows in batches:
        yield [csv_line(_cells(row, currency)) for row in rows]


def _cells(row: CallRow, currency: str) -> list[str | int | None]:
    """Spread a call over the columns: the same values as in JSON, lists in one cell each.

    Written out, since a download makes millions of lines.
    """
    used = row.usage.get
    return [
        ids.public(ids.REQUEST, row.request_id),
        row.client_request_id,
        _conversation(row),
        row.created_at.isoformat(),
        row.ended_at.isoformat() if row.ended_at else None,
        row.period,
        row.status,
        row.model,
        row.surface,
        ids.public(ids.KEY, row.key_id),
        row.basis,
        row.price_version,
        row.price_list,
        row.service_tier,
        row.input_tokens,
        row.output_tokens,
        *[used(component, 0) for component in METERED],
        currency,
        format_amount(row.hold),
        format_amount(row.amount),
        format_amount(row.absorbed),
        format_amount(row.corrected),
        format_amount(row.total),
        " ".join(row.flags),
        row.reason,
        " ".join([f"{name}={row.tags[name]}" for name in sorted(row.tags)]),
        row.milliseconds,
        row.first_byte_ms,
    ]


def _conversation(row: CallRow) -> str | None:
    joined = row.conversation_id
    return ids.public(ids.CONVERSATION, joined) if joined else None


def _filters(asked: Query) -> Filters:
    since, until = asked.times()
    return Filters(
        since=since,
        until=until,
        model=asked.text("model"),
        status=asked.choice("status", STATUSES),
        key_id=asked.id("key_id", ids.KEY),
        request_id=asked.id("request_id", ids.REQUEST),
        conversation_id=asked.id("conversation_id", ids.CONVERSATION),
        tags=asked.tags(),
    )
