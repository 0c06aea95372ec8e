"""Correction batches: a dry run with count and sum, then linked corrections, slice by slice."""

from dataclasses import replace
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from psycopg import AsyncConnection
from pydantic import AfterValidator, Field, model_validator

from api.admin.answers.money import (
    BatchAnswer,
    BatchesAnswer,
    DryRunAnswer,
    NewBatchAnswer,
    SliceAnswer,
)
from api.admin.auth import gateway_of
from api.admin.body import Fields, body_as
from api.admin.fields import Amount, Name, Reason, write_time
from api.admin.find import find, parse_id
from api.admin.query import lent_connection
from api.admin.texts import kept
from api.document.operation import documented
from api.envelope import CREATED, OK, success
from api.operator import ACTOR
from api.rerating import Change, preview, run_slice
from domain import ids
from domain.correction_batch import CorrectionBatch, complete_batch, open_batch
from domain.errors import ConflictError, NotFoundError
from domain.money import format_amount
from domain.periods import parse_month
from projections.calls import Calls
from projections.correction_batches import CorrectionBatches
from projections.freshness import catch_up
from projections.read_charges import Selector, charges
from projections.read_correction_batches import BATCH_REASON, BatchRow, batch, batches

WHAT = "correction batch"
BATCH = "bat"

router = APIRouter()


class Expected(Fields):
    """The control totals of the dry run; what was found since must be the same."""

    count: Annotated[int, Field(ge=1)]
    amount: Amount


class NewBatchFields(Fields):
    """Which charges, and the price version to rate them at; at least one thing is selected."""

    to_price_version: Name
    model: Name | None = None
    period: Annotated[str, AfterValidator(parse_month)] | None = None
    price_version: Name | None = None
    customer_id: str | None = None
    reason: Reason = "re-rated"
    dry_run: bool = True
    expected: Expected | None = None

    @model_validator(mode="after")
    def _selects_and_expects(self) -> Self:
        if not any((self.model, self.period, self.price_version, self.customer_id)):
            message = "Give model, period, price_version or customer_id"
            raise ValueError(message)
        if not self.dry_run and self.expected is None:
            message = "Give expected, as the dry run told it"
            raise ValueError(message)
        return self


class SliceFields(Fields):
    """Where the slice before ended, and how many charges to look at."""

    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=5_000)] = 1_000


@router.post(
    "/correction-batches", **documented(NewBatchAnswer, status=CREATED, also={OK: DryRunAnswer})
)
async def create(
    request: Request, new: Annotated[NewBatchFields, Depends(body_as(NewBatchFields))]
) -> Response:
    """Tell what a batch would change, or with the dry run's figures announce it."""
    gateway = gateway_of(request)
    chosen = _chosen(new)
    selector = _selector(chosen, gateway.shard)
    async with lent_connection(request) as conn:
        upto = await catch_up(conn, (Calls(),))
        change = await preview(gateway, conn, selector, new.to_price_version)
    if new.dry_run:
        return success(request, {"dry_run": True, **_describe_change(change)})
    _check_expected(new.expected, change)
    batch_id = gateway.mint()
    async with kept(gateway.texts, batch_id, BATCH_REASON, new.reason) as reason_hash:
        await gateway.ledger.execute(
            open_batch(
                batch_id,
                price_version=new.to_price_version,
                selector=chosen,
                upto=upto,
                count=change.count,
                amount=change.amount,
                reason_hash=reason_hash,
                actor=ACTOR,
            )
        )
    data = {"batch_id": ids.public(BATCH, batch_id), **_describe_change(change)}
    return success(request, data, CREATED)


@router.post("/correction-batches/{batch_id}/run", **documented(SliceAnswer))
async def run(
    request: Request,
    batch_id: str,
    part: Annotated[SliceFields, Depends(body_as(SliceFields, optional=True))],
) -> Response:
    """Correct the next charges of a batch; nothing is done twice, wherever one begins."""
    gateway = gateway_of(request)
    parsed = parse_id(BATCH, batch_id, gateway.shard, WHAT)
    opened = await find(request, CorrectionBatch, parsed, WHAT)
    selector = replace(_selector(opened.selector, gateway.shard), upto=opened.upto)
    async with lent_connection(request) as conn:
        await catch_up(conn, (Calls(),))
        found = await charges(conn, selector, after=part.after, limit=part.limit)
        change = await run_slice(gateway, found, parsed)
        after = found[-1].created_position if len(found) == part.limit else None
        completed = after is None and await _complete(request, conn, parsed)
    return success(request, {**_describe_change(change), "after": after, "completed": completed})


@router.get("/correction-batches", **documented(BatchesAnswer))
async def list_batches(request: Request) -> Response:
    """List the batches, the newest first."""
    async with lent_connection(request) as conn:
        await catch_up(conn, (CorrectionBatches(),))
        found = await batches(conn)
    return success(request, {"items": [_describe(row) for row in found]})


@router.get("/correction-batches/{batch_id}", **documented(BatchAnswer))
async def get_batch(request: Request, batch_id: str) -> Response:
    """Tell what a batch announced and how much of it is done."""
    parsed = parse_id(BATCH, batch_id, gateway_of(request).shard, WHAT)
    async with lent_connection(request) as conn:
        return success(request, _describe(await _found(conn, parsed)))


async def _complete(request: Request, conn: AsyncConnection[Any], batch_id: UUID) -> bool:
    """Complete a batch that has come to what it announced; tells whether it has."""
    row = await _found(conn, batch_id)
    if row.done_count < row.count:
        return False
    command = complete_batch(batch_id, count=row.done_count, amount=row.done_amount)
    await gateway_of(request).ledger.execute(command)
    return True


async def _found(conn: AsyncConnection[Any], batch_id: UUID) -> BatchRow:
    await catch_up(conn, (CorrectionBatches(),))
    row = await batch(conn, batch_id)
    if row is None:
        raise NotFoundError(WHAT)
    return row


def _chosen(new: NewBatchFields) -> dict[str, str]:
    fields = {name: getattr(new, name) for name in ("model", "period", "price_version")}
    fields["customer_id"] = new.customer_id
    return {name: value for name, value in fields.items() if value is not None}


def _selector(chosen: dict[str, str], shard: int) -> Selector:
    text = chosen.get("customer_id")
    customer_id = None if text is None else parse_id(ids.CUSTOMER, text, shard, "customer")
    others: dict[str, Any] = {
        name: value for name, value in chosen.items() if name != "customer_id"
    }
    return Selector(**others, customer_id=customer_id)


def _check_expected(expected: Expected | None, change: Change) -> None:
    assert expected is not None, "only a dry run expects nothing"
    if (expected.count, expected.amount) != (change.count, change.amount):
        message = (
            f"{change.count} charges would change by {format_amount(change.amount)} in all, "
            "which is not what was expected: look at a dry run again."
        )
        raise ConflictError(message)


def _describe_change(change: Change) -> dict[str, Any]:
    return {
        "looked_at": change.looked_at,
        "count": change.count,
        "amount": format_amount(change.amount),
    }


def _describe(row: BatchRow) -> dict[str, Any]:
    return {
        "batch_id": ids.public(BATCH, row.batch_id),
        "to_price_version": row.price_version,
        "selector": row.selector,
        "count": row.count,
        "amount": format_amount(row.amount),
        "done_count": row.done_count,
        "done_amount": format_amount(row.done_amount),
        "completed": row.completed,
        "reason": row.reason,
        "actor": row.actor,
        "opened_at": write_time(row.opened_at),
    }
