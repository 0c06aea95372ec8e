"""Operators' reports: `GET /admin/v1/reports/{name}`, and the same with `.csv`."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.admin.answers.suppliers import ReportAnswer, ReportTypesAnswer
from api.admin.auth import gateway_of
from api.admin.query import ListQuery, lent_connection
from api.document.operation import documented
from api.document.parameters import MONTH, choice, parameter
from api.envelope import OK, headers_of, request_id_of, success
from api.errors import InvalidFieldError
from api.pieces import chunked
from domain.errors import NotFoundError
from domain.periods import month_of
from projections.freshness import catch_up
from projections.reports.catalogue import MODELS, REPORTS
from projections.reports.report import Asked, DrawnReport, Report, draw_report
from projections.times import write_time

BY: Final = ("all", "customer")
FURTHEST_ZONE: Final = timedelta(hours=14)
"""Where the current month is the first to be another."""

router = APIRouter()


@router.get("/reports", **documented(ReportTypesAnswer))
async def list_reports(request: Request) -> Response:
    """List the reports and what each takes."""
    ListQuery(request, (), paged=False)
    items = [
        {"name": report.name, "columns": report.columns, "parameters": sorted(report.parameters)}
        for report in REPORTS.values()
    ]
    return success(request, {"items": items})


@router.get(
    "/reports/{name}",
    **documented(
        ReportAnswer,
        query=(
            "customer_id",
            parameter("from", "The first month.", MONTH),
            parameter("to", "The last month.", MONTH),
            choice("by", BY, "In all, or by customer."),
        ),
        files={"text/csv": "The same with `.csv` after the name."},
    ),
)
async def get_report(request: Request, name: str) -> Response:
    """Draw a report as it is now: in the envelope with its totals, or as `.csv`."""
    title, dot, suffix = name.partition(".")
    report = REPORTS.get(title)
    if report is None or suffix != ("csv" if dot else ""):
        what = "report"
        raise NotFoundError(what)
    query = ListQuery(request, report.parameters, paged=False)
    async with lent_connection(request) as conn:
        position = await catch_up(conn, MODELS)
        now = await (await conn.execute("SELECT clock_timestamp()")).fetchone()
        assert now is not None, "a clock always answers"
        asked = asked_of(query, report, now[0])._replace(margins=_margins(request))
        drawn = await draw_report(conn, report, asked)
    headers = headers_of(request)
    if not suffix:
        pieces = _enveloped(request_id_of(request), drawn, position)
        return StreamingResponse(_closed(drawn, pieces), OK, headers, "application/json")
    headers["content-disposition"] = f'attachment; filename="{report.name}.csv"'
    media_type = "text/csv; charset=utf-8; header=present"
    return StreamingResponse(_closed(drawn, drawn.table()), OK, headers, media_type)


def asked_of(query: ListQuery, report: Report, now: datetime) -> Asked:
    """Read what a report takes; without an end it goes up to the current month."""
    since, until = query.month("from"), query.month("to")
    if since and until and since > until:
        raise InvalidFieldError("'to' must not be before 'from'.", "to")
    return Asked(
        now=now,
        customer_id=query.customer_id(),
        since=since,
        until=until or month_of(now + FURTHEST_ZONE),
        by_customer=query.choice("by", BY) == "customer",
    )


def _margins(request: Request) -> dict[str, int]:
    models = gateway_of(request).catalog.models.values()
    return {model.id: model.margin.percent for model in models}


def _closed(drawn: DrawnReport, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with closing(drawn):
        yield from chunked(pieces)


def _enveloped(request_id: str, drawn: DrawnReport, position: int) -> Iterator[bytes]:
    head = {
        "report": drawn.report.name,
        "at": write_time(drawn.asked.now),
        "position": position,
        "totals": drawn.totals(),
    }
    opening = orjson.dumps({"request_id": request_id, "success": True, "data": head})
    yield opening[:-2] + b',"items":'
    yield from drawn.lines.array()
    yield b'},"code":null,"message":null}'
