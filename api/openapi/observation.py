"""GET /openapi/v1/observation/…: how the caller's calls went, in figures, in charts, one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from api.admin.auth import gateway_of
from api.document.answer import Page
from api.document.operation import documented
from api.document.parameters import choice, parameter
from api.envelope import success
from api.errors import InvalidFieldError
from api.lending import lent_for_long
from api.openapi.answers.observation import ChartsAnswer, LogLineAnswer, MetricsAnswer
from api.openapi.caller import Caller
from api.openapi.health_figures import (
    NOTHING,
    describe_group,
    describe_health,
    describe_series,
    floor,
)
from api.openapi.query import DAYS_MAX, Query, own_cursors
from api.openapi.standing import standing
from domain import ids
from domain.call_policy import look_up_call_policy
from domain.money import format_amount
from domain.reserve_call import Identity
from projections.calls import Calls
from projections.freshness import catch_up
from projections.read_call_log import LogFilters, LogLine, log_lines
from projections.read_observation import (
    API_KEY,
    DAY,
    GROUPS_MAX,
    HOUR,
    MODEL,
    OUTCOMES,
    REFUSED,
    Observed,
    TooManyGroupsError,
    health,
)

WINDOW: Final = ("from", "to", "model", "key_id")
BUCKETS: Final = {HOUR: timedelta(hours=1), DAY: timedelta(days=1)}
BUCKETS_MAX: Final = 1_000
RECENT: Final = {HOUR: timedelta(days=1), DAY: timedelta(days=30)}
"""What is shown without `from`."""
LOG: Final = ("from", "to", "model", "key_id", "request_id")

_GROUP_BY: Final = choice("group_by", (MODEL, API_KEY), "Show each of these besides.")
_BUCKET: Final = choice("bucket", BUCKETS, "How long a bucket is; `day` without it.")
_STATUS: Final = choice("status", OUTCOMES, "Only calls that ended so.")
_CODE: Final = parameter("code", "Only calls with this error code.", {"type": "string"})

router = APIRouter()


@router.get("/observation/metrics", **documented(MetricsAnswer, query=(*WINDOW, _GROUP_BY)))
async def get_metrics(request: Request, caller: Caller) -> Response:
    """Tell how calls went: success, errors, latency, tokens; the last day without `from`."""
    asked = Query(request, {*WINDOW, "group_by"})
    group_by = asked.choice("group_by", (MODEL, API_KEY))
    observed = _observed(asked, caller.wallet_id, HOUR)
    currency = (await standing(request, caller)).currency
    await gateway_of(request).traces.flush_briefly()
    async with lent_for_long(request) as conn:
        await catch_up(conn, (Calls(),))
        totals = await health(conn, observed)
        groups = await _grouped(conn, observed, group_by)
    data = {
        **_window(observed, currency),
        "group_by": group_by,
        "trace_days": gateway_of(request).settings.trace_days,
        "totals": describe_health(totals[0] if totals else NOTHING),
        "items": groups,
    }
    return success(request, data)


@router.get("/observation/charts", **documented(ChartsAnswer, query=(*WINDOW, _BUCKET)))
async def get_charts(request: Request, caller: Caller) -> Response:
    """Give series to draw, a value for each hour or day; 30 days or 24 hours without `from`."""
    asked = Query(request, {*WINDOW, "bucket"})
    bucket = asked.choice("bucket", BUCKETS) or DAY
    observed = _observed(asked, caller.wallet_id, bucket)
    labels = _labels(observed, BUCKETS[bucket])
    currency = (await standing(request, caller)).currency
    await gateway_of(request).traces.flush_briefly()
    async with lent_for_long(request) as conn:
        await catch_up(conn, (Calls(),))
        found = {group.group: group for group in await health(conn, observed, bucket)}
    filled = [found.get(label, NOTHING) for label in labels]
    data = {
        **_window(observed, currency),
        "bucket": bucket,
        "labels": labels,
        "series": list(describe_series(filled, currency)),
    }
    return success(request, data)


@router.get(
    "/observation/logs",
    **documented(Page[LogLineAnswer], query=(*LOG, _STATUS, _CODE, "cursor", "limit")),
)
async def list_logs(request: Request, caller: Caller) -> Response:
    """List the wallet's calls, also the refused ones, the newest first, by pages."""
    asked = Query(request, {*LOG, "status", "code", "cursor", "limit"})
    since, until = asked.times()
    filters = LogFilters(
        since=since,
        until=until,
        model=asked.text("model"),
        key_id=asked.id("key_id", ids.KEY),
        request_id=asked.id("request_id", ids.REQUEST),
        outcome=asked.choice("status", OUTCOMES),
        code=asked.text("code"),
    )
    limit, currency = asked.limit(), (await standing(request, caller)).currency
    content_days = await _content_days(request, caller)
    await gateway_of(request).traces.flush_briefly()
    async with lent_for_long(request) as conn:
        await catch_up(conn, (Calls(),))
        with own_cursors():
            page = await log_lines(
                conn,
                caller.wallet_id,
                filters,
                cursor=asked.cursor,
                limit=limit,
                content_days=content_days,
            )
    items = [_line(row, currency) for row in page.items]
    return success(request, {"items": items, "next_cursor": page.next_cursor})


async def _content_days(request: Request, caller: Identity) -> int:
    """Tell for how long contents are shown by now, in days; none are where logging is off."""
    policy = await gateway_of(request).ledger.read(look_up_call_policy(caller.customer_id))
    return policy.security.retention_days if policy.security.logs_content else 0


def _observed(asked: Query, wallet_id: UUID, bucket: str) -> Observed:
    """Read which calls; without an end it is that of the bucket that we are in."""
    since, until = asked.times()
    length = BUCKETS[bucket]
    until = until or floor(datetime.now(UTC), length) + length
    since = since or until - RECENT[bucket]
    if since >= until:
        raise InvalidFieldError("'from' must be before 'to'.", "from")
    if until - since > timedelta(days=DAYS_MAX):
        raise InvalidFieldError(f"'from' must be at most {DAYS_MAX} days before 'to'.", "from")
    return Observed(wallet_id, since, until, asked.text("model"), asked.id("key_id", ids.KEY))


def _labels(observed: Observed, bucket: timedelta) -> list[datetime]:
    """Give the beginning of every bucket that the window touches."""
    first = floor(observed.since, bucket)
    count = -((first - observed.until) // bucket)
    if count > BUCKETS_MAX:
        raise InvalidFieldError(f"A chart has at most {BUCKETS_MAX} buckets.", "bucket")
    return [first + number * bucket for number in range(count)]


async def _grouped(
    conn: AsyncConnection[Any], observed: Observed, dimension: str | None
) -> Sequence[dict[str, Any]]:
    if dimension is None:
        return []
    try:
        groups = await health(conn, observed, dimension)
    except TooManyGroupsError:
        message = f"The calls fall into more than {GROUPS_MAX} groups: ask for a shorter time."
        raise InvalidFieldError(message, "group_by") from None
    return [describe_group(found, dimension) for found in groups]


def _window(observed: Observed, currency: str) -> dict[str, Any]:
    return {"from": observed.since, "to": observed.until, "currency": currency}


def _line(row: LogLine, currency: str) -> dict[str, Any]:
    return {
        "request_id": ids.public(ids.REQUEST, row.request_id),
        "time": row.at,
        "source": "traces" if row.outcome == REFUSED else "ledger",
        "model": row.model,
        "api_key_id": ids.public(ids.KEY, row.key_id),
        "surface": row.surface,
        "status": row.outcome,
        "code": row.code,
        "total_ms": row.milliseconds,
        "first_byte_ms": row.first_byte_ms,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "currency": currency,
        "charge": format_amount(row.total),
        "has_content": row.has_content,
    }
