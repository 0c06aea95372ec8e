"""Suppliers' reports: take one in, which is there once however often it comes, and list them."""

import asyncio
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from adapters.supplier_reports.read import FORMATS, read_report
from api.admin.answers.suppliers import SupplierReportsAnswer, TakenAnswer
from api.admin.auth import gateway_of
from api.admin.body import read_bounded
from api.admin.fields import write_time
from api.admin.idempotency import HIT
from api.admin.query import ListQuery, lent_connection
from api.admin.suppliers import check_provider
from api.document.operation import documented
from api.document.parameters import choice
from api.envelope import CREATED, OK, success
from api.operator import ACTOR
from domain import ids
from domain.supplier_books import Taken, import_report, look_at_report
from domain.supplier_report import Draft
from projections.freshness import catch_up
from projections.read_supplier_reports import ReportRow, supplier_reports
from projections.supplier_costs import SupplierCosts
from projections.supplier_reports import SupplierReports

REPORT: Final = "rep"
DRY: Final = ("true", "false")

router = APIRouter()


@router.post(
    "/supplier-reports",
    **documented(
        TakenAnswer,
        status=CREATED,
        also={OK: TakenAnswer},
        query=(
            "provider",
            choice("format", FORMATS, "What the file is; found out if left out."),
            choice("dry_run", DRY, "Whether to only look."),
        ),
    ),
)
async def take_report(request: Request) -> Response:
    """Import a file, which is the body as it is; all of it or, if anything is wrong, nothing."""
    gateway = gateway_of(request)
    query = ListQuery(request, ("provider", "format", "dry_run"))
    named, dry_run = query.choice("format", FORMATS), query.choice("dry_run", DRY) == "true"
    async with lent_connection(request) as conn:
        await catch_up(conn, (SupplierReports(), SupplierCosts()))
        asked = request.query_params.get("provider")
        provider = await check_provider(conn, gateway.catalog, asked)
    raw = await read_bounded(request, gateway.settings.max_body_bytes)
    # Megabytes of JSON take their time, and other requests must not wait for it.
    draft = await asyncio.to_thread(read_report, raw, provider, named)
    if dry_run:
        taken = await gateway.ledger.read(look_at_report(gateway.shard, draft))
    else:
        taken = await gateway.ledger.execute(import_report(gateway.shard, draft, actor=ACTOR))
    data = {**_describe_draft(draft), **_describe_taken(taken), "dry_run": dry_run}
    created = taken.new and not dry_run
    return success(request, data, CREATED if created else OK, {} if taken.new else HIT)


@router.get(
    "/supplier-reports", **documented(SupplierReportsAnswer, query=("provider", "cursor", "limit"))
)
async def list_reports(request: Request) -> Response:
    """List what was imported, the newest first."""
    query = ListQuery(request, ("provider",))
    async with lent_connection(request) as conn:
        await catch_up(conn, (SupplierReports(),))
        provider = request.query_params.get("provider")
        found = await supplier_reports(conn, provider, query.limit)
    return success(request, {"items": [_describe_row(row) for row in found]})


def _describe_draft(draft: Draft) -> dict[str, Any]:
    return {
        "provider": draft.provider,
        "format": draft.format,
        "sha256": draft.sha256,
        "kinds": draft.kinds,
        "currency": draft.currency,
        **_describe_days([date.fromisoformat(day) for day in draft.days]),
        "partial_days": draft.partial_days,
        "read_count": draft.read_count,
        "line_count": len(draft.lines),
    }


def _describe_taken(taken: Taken) -> dict[str, Any]:
    return {
        "report_id": ids.public(REPORT, taken.report_id),
        "new": taken.new,
        "supersedes": [
            {"report_id": f"{REPORT}_{report_id}", "kind": kind, "days": days}
            for report_id, kind, days in taken.superseded
        ],
    }


def _describe_row(row: ReportRow) -> dict[str, Any]:
    return {
        "report_id": ids.public(REPORT, row.report_id),
        "provider": row.provider,
        "format": row.format,
        "sha256": row.sha256,
        "kinds": row.kinds,
        "currency": row.currency,
        **_describe_days(row.days),
        "partial_days": row.partial_days,
        "read_count": row.read_count,
        "line_count": row.line_count,
        "speaks_for_days": row.speaks_for,
        "actor": row.actor,
        "imported_at": write_time(row.imported_at),
    }


def _describe_days(days: list[date]) -> dict[str, Any]:
    return {"from_day": days[0], "to_day": days[-1], "day_count": len(days)}
