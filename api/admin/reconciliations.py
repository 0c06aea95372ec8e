"""Reconciliation with suppliers: both sides matched anew each time, and differences resolved.

No customer ever sees any of this.
"""

from collections.abc import Collection
from contextlib import nullcontext
from datetime import timedelta
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import APIRouter, Depends, Request, Response

from adapters.ledger.texts import Naming
from api.admin.answers.suppliers import ReconciliationAnswer, ResolvedAnswer
from api.admin.auth import gateway_of
from api.admin.body import Fields, body_as
from api.admin.days import SPAN, Days, ReportQuery, read_day
from api.admin.fields import Reason
from api.admin.query import lent_connection
from api.admin.suppliers import check_provider, routes_of
from api.admin.texts import kept
from api.admin.tie_out_text import describe, describe_item
from api.document.operation import documented
from api.document.parameters import choice, day, parameter
from api.envelope import CREATED, success
from api.errors import InvalidFieldError
from api.operator import ACTOR
from domain.catalog import Catalog
from domain.errors import ConflictError, NotFoundError
from domain.money import parse_amount
from domain.supplier import Supplier
from domain.supplier_books import NewResolution, resolve_difference
from projections.freshness import catch_up
from projections.read_supplier_reports import read_sides
from projections.supplier_costs import SupplierCosts
from projections.supplier_reports import SupplierReports
from projections.tie_out.match import Item, TieOut, tie_out
from projections.tie_out.sides import Terms, Tolerance
from projections.tie_out.states import MATCHED

TERMS: Final = ("tolerance", "tolerance_basis_points", "models", "credentials")
BASIS_POINTS_MAX: Final = 10_000
NOTE: Final = "resolution_note"
"""The kind of erasable text; its subject is the resolution."""

ReasonWord = Literal[
    "timing", "rounding", "price_version", "unpriced_model", "cancelled_streams", "retries",
    "cached_token_discount", "batch_tier", "tax_or_credit", "other_charges", "supplier_error",
    "accepted",
]  # fmt: skip
TOLERATED: Final = (
    parameter("tolerance", "Which difference of an amount is none.", {"type": "string"}),
    parameter("tolerance_basis_points", "The same as a share.", {"type": "integer"}),
    parameter(
        "models", "Their names of models: `theirs=ours`, between commas.", {"type": "string"}
    ),
    parameter("credentials", "Their names of credentials, likewise.", {"type": "string"}),
)

router = APIRouter()


class ResolutionFields(Fields):
    """The item to accept as it stands, and why; the credential is the provider's own."""

    provider: str
    day: str
    model: str
    credential: str | None = None
    reason: ReasonWord
    note: Reason | None = None


class _Asked(NamedTuple):
    provider: str | None
    days: Days
    query: ReportQuery


@router.get(
    "/reconciliations",
    **documented(
        ReconciliationAnswer,
        query=(
            "provider",
            day("from", "The first day."),
            day("to", "The day before which it ends."),
            "month",
            choice("open", ("true", "false"), "Only what is not settled."),
            *TOLERATED,
        ),
    ),
)
async def reconcile(request: Request) -> Response:
    """Match what we metered with what the supplier reports, by day, model and credential."""
    query = ReportQuery(request, (*SPAN, "provider", "open", *TERMS))
    only_open = _flag(query, "open")
    asked = _Asked(query.text("provider"), query.days(), query)
    found = await _tie_out(request, asked)
    days = {"from": asked.days.since, "to": asked.days.until}
    return success(
        request, {"provider": asked.provider, **days, **describe(found, only_open=only_open)}
    )


@router.post(
    "/reconciliations/resolve", **documented(ResolvedAnswer, status=CREATED, query=TOLERATED)
)
async def resolve(
    request: Request, new: Annotated[ResolutionFields, Depends(body_as(ResolutionFields))]
) -> Response:
    """Accept an item's figures; if one of them changes later, the item is open again."""
    gateway = gateway_of(request)
    query = ReportQuery(request, TERMS)
    day = read_day(new.day, "day")
    asked = _Asked(new.provider, Days(day, day + timedelta(days=1)), query)
    item = _chosen(await _tie_out(request, asked), new)
    minted = gateway.mint()
    naming = Naming(Supplier.id_of(gateway.shard, new.provider), "resolution_id", one=False)
    keeping = kept(gateway.texts, minted, NOTE, new.note, naming) if new.note else nullcontext(None)
    async with keeping as note_hash:
        command = NewResolution(
            resolution_id=minted,
            provider=new.provider,
            day=item.key.day,
            model=item.key.model,
            credential=item.key.credential,
            state=item.found,
            reason=new.reason,
            note_hash=note_hash,
            ours=item.ours.figures(),
            theirs=item.theirs.figures(),
            actor=ACTOR,
        )
        await gateway.ledger.execute(resolve_difference(gateway.shard, command))
    data = {"resolution_id": f"rsl_{minted.hex}", "reason": new.reason, "item": describe_item(item)}
    return success(request, data, CREATED)


async def _tie_out(request: Request, asked: _Asked) -> TieOut:
    gateway = gateway_of(request)
    catalog = gateway.catalog
    tolerance = _tolerance(asked.query)
    models, credentials = asked.query.pairs("models"), asked.query.pairs("credentials")
    async with lent_connection(request) as conn:
        await catch_up(conn, (SupplierCosts(), SupplierReports()))
        provider = await check_provider(conn, catalog, asked.provider)
        sides = await read_sides(
            conn,
            provider=provider,
            supplier_id=Supplier.id_of(gateway.shard, provider),
            currency=catalog.currency,
            since=asked.days.since,
            until=asked.days.until,
            elsewhere=_elsewhere(catalog, provider),
        )
    routes = routes_of(catalog, provider)
    terms = Terms(
        tolerance=tolerance,
        models=models,
        credentials=credentials,
        routes={
            model: frozenset(route.upstream_model for route in of_model)
            for model, of_model in routes.items()
        },
        undiscounted=frozenset(
            route.upstream_model
            for of_model in routes.values()
            for route in of_model
            if route.cost is not None and "cached_input" not in route.cost.prices
        ),
    )
    return tie_out(sides, terms)


def _elsewhere(catalog: Catalog, provider: str) -> Collection[str]:
    """Name the models whose calls cannot have gone to this provider."""
    return [model.id for model in catalog.models.values() if provider not in model.providers]


def _chosen(found: TieOut, new: ResolutionFields) -> Item:
    wanted = (new.day, new.model, new.credential or new.provider)
    item = next((item for item in found.items if item.key == wanted), None)
    if item is None:
        what = "item in the reconciliation of that day"
        raise NotFoundError(what)
    if item.found == MATCHED:
        message = "Both sides agree: there is nothing to resolve."
        raise ConflictError(message)
    return item


def _tolerance(query: ReportQuery) -> Tolerance:
    absolute, points = query.text("tolerance"), query.text("tolerance_basis_points")
    tolerance = Tolerance()
    try:
        amount = tolerance.absolute if absolute is None else parse_amount(absolute)
    except ValueError as error:
        raise InvalidFieldError(f"'tolerance': {error}.", "tolerance") from None
    if amount < 0:
        raise InvalidFieldError("'tolerance' must not be negative.", "tolerance")
    if points is None:
        return Tolerance(amount, tolerance.basis_points)
    readable = points.isascii() and points.isdecimal() and int(points[:9]) <= BASIS_POINTS_MAX
    if not readable:
        message = f"'tolerance_basis_points' must be a whole number up to {BASIS_POINTS_MAX}."
        raise InvalidFieldError(message, "tolerance_basis_points")
    return Tolerance(amount, int(points[:9]))


def _flag(query: ReportQuery, name: str) -> bool:
    text = query.text(name)
    if text not in {None, "true", "false"}:
        raise InvalidFieldError(f"'{name}' must be true or false.", name)
    return text == "true"
