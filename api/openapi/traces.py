"""GET /openapi/v1/traces/{request_id}: the way of one call through the gateway, step by step."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request, Response

from adapters.traces.store import StoredTrace, find
from api.admin.auth import gateway_of
from api.document.operation import documented
from api.envelope import success
from api.lending import lent_for_long
from api.minting import minted_ms
from api.openapi.answers.observation import TraceAnswer
from api.openapi.caller import Caller
from api.openapi.query import Query
from api.openapi.trace_steps import milliseconds, steps_of_facts, timing_of
from domain import ids
from domain.errors import NotFoundError
from projections.calls import Calls
from projections.freshness import catch_up
from projections.read_call_log import LogFilters, LogLine, log_lines
from projections.read_calls import CallRow, call
from projections.read_observation import projected_at

TRIES: Final = 6
PAUSE_SECONDS: Final = 0.1
"""All tries together last longer than another worker lets its traces gather."""
RECENT_MS: Final = 60_000
"""Only such a call may have a trace that is still to be written."""

_MICROSECOND: Final = timedelta(microseconds=1)

router = APIRouter()


class _Known(NamedTuple):
    """All that is known of a call, from the one who served it and from the ledger."""

    line: LogLine
    trace: StoredTrace | None
    row: CallRow | None
    projected_at: datetime | None

    @property
    def lacks_trace(self) -> bool:
        """Whether the call has ended and nobody has told its steps."""
        return self.trace is None and self.row is not None and self.row.ended_at is not None


@router.get("/traces/{request_id}", **documented(TraceAnswer))
async def get_trace(request: Request, request_id: str, caller: Caller) -> Response:
    """Tell when each step of a call began and how long it took, also of one that was refused."""
    Query(request, ())
    parsed, what = ids.parse_public(ids.REQUEST, request_id), "request"
    if parsed is None:
        raise NotFoundError(what)
    known = await _settled(request, caller.wallet_id, parsed)
    if known is None:
        raise NotFoundError(what)
    return success(request, _describe(known))


async def _settled(request: Request, wallet_id: UUID, request_id: UUID) -> _Known | None:
    """Look for a call, and a little later again if its worker may just be writing its trace."""
    await gateway_of(request).traces.flush_briefly()
    recent = abs(time.time_ns() // 1_000_000 - minted_ms(request_id)) < RECENT_MS
    known = await _look(request, wallet_id, request_id)
    for _ in range(TRIES if recent else 0):
        if known is not None and not known.lacks_trace:
            break
        await asyncio.sleep(PAUSE_SECONDS)
        known = await _look(request, wallet_id, request_id)
    return known


async def _look(request: Request, wallet_id: UUID, request_id: UUID) -> _Known | None:
    async with lent_for_long(request) as conn:
        await catch_up(conn, (Calls(),))
        trace = await find(conn, wallet_id, request_id)
        found = await log_lines(conn, wallet_id, LogFilters(request_id=request_id), limit=1)
        if not found.items:
            return None
        row = await call(conn, wallet_id, request_id)
        return _Known(found.items[0], trace, row, await projected_at(conn, request_id))


def _describe(known: _Known) -> dict[str, Any]:
    line = known.line
    return {
        "request_id": ids.public(ids.REQUEST, line.request_id),
        "model": line.model,
        "api_key_id": ids.public(ids.KEY, line.key_id),
        "surface": line.surface,
        "status": line.outcome,
        "code": line.code,
        **(_by_worker(known, known.trace) if known.trace else _by_ledger(known)),
    }


def _by_worker(known: _Known, trace: StoredTrace) -> dict[str, Any]:
    timing = timing_of(trace, known.row, known.projected_at)
    return {
        "source": "worker",
        "began_at": trace.began_at,
        "http_status": trace.status,
        "total_ms": milliseconds(trace.microseconds),
        "first_byte_ms": timing.first_byte_ms,
        "last_byte_ms": timing.last_byte_ms,
        "steps": timing.steps,
    }


def _by_ledger(known: _Known) -> dict[str, Any]:
    row = known.row
    assert row is not None, "a call without a trace is the ledger's"
    steps = steps_of_facts(row, known.projected_at)
    lasted = (row.ended_at - row.created_at) // _MICROSECOND if row.ended_at else None
    return {
        "source": "ledger",
        "began_at": row.created_at,
        "http_status": None,
        "total_ms": milliseconds(lasted),
        "first_byte_ms": row.first_byte_ms,
        "last_byte_ms": None,
        "steps": steps,
    }
