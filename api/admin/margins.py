"""Margins: what customers paid less what suppliers bill. No customer ever sees any of this."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.admin.answers.suppliers import MarginsAnswer
from api.admin.days import SPAN, Days, ReportQuery
from api.admin.query import lent_connection
from api.document.operation import documented
from api.document.parameters import day, parameter
from api.envelope import success
from api.errors import InvalidFieldError
from domain import ids
from domain.money import Nanos, format_amount
from domain.usage import COUNTERS
from projections.customers import Customers
from projections.freshness import catch_up
from projections.read_margins import GROUPS, Figures, Margin, margins
from projections.supplier_costs import SupplierCosts

GROUPS_MAX: Final = 10_000

router = APIRouter()


@router.get(
    "/margins",
    **documented(
        MarginsAnswer,
        query=(
            day("from", "The first day."),
            day("to", "The day before which it ends."),
            "month",
            parameter(
                "group_by",
                "What to group by, between commas.",
                {"type": "string", "examples": ["model,day"]},
            ),
        ),
    ),
)
async def list_margins(request: Request) -> Response:
    """Add up revenue, supplier cost and margin by any of model, provider, customer and day."""
    query = ReportQuery(request, (*SPAN, "group_by"))
    days, group_by = query.days(), _groups(query.words("group_by") or ["model"])
    async with lent_connection(request) as conn:
        await catch_up(conn, (SupplierCosts(), Customers()))
        found = await margins(conn, days.since, days.until, group_by, GROUPS_MAX + 1)
    if len(found) > GROUPS_MAX:
        message = f"These are more than {GROUPS_MAX} groups: ask for fewer days or coarser groups."
        raise InvalidFieldError(message, "group_by")
    return success(request, _describe(days, group_by, found))


def _groups(words: list[str]) -> list[str]:
    for word in words:
        if word not in GROUPS or words.count(word) > 1:
            message = f"'group_by' must be some of {', '.join(GROUPS)}, each once."
            raise InvalidFieldError(message, "group_by")
    return words


def _describe(days: Days, group_by: list[str], found: list[Margin]) -> dict[str, Any]:
    return {
        "from": days.since,
        "to": days.until,
        "group_by": group_by,
        "items": [_describe_margin(margin) for margin in found],
        "totals": [_describe_margin(margin) for margin in _totals(found)],
    }


def _totals(found: Iterable[Margin]) -> list[Margin]:
    """Add up the groups of each pair of currencies."""
    totals: dict[tuple[str, str], Margin] = {}
    for margin in found:
        pair = (margin.currency, margin.cost_currency)
        total = totals.setdefault(pair, Margin({}, *pair, Figures(), {}))
        total.figures.add(margin.figures)
    return list(totals.values())


def _describe_margin(margin: Margin) -> dict[str, Any]:
    figures = margin.figures
    return {
        **{_named(name): _written(value) for name, value in margin.group.items()},
        "currency": margin.currency,
        "charges": figures.charges,
        "charged": format_amount(figures.charged),
        "corrected": format_amount(figures.corrected),
        "revenue": format_amount(margin.revenue),
        "cost": format_amount(figures.cost),
        "cost_currency": margin.cost_currency,
        "margin": _amount(margin.margin),
        "margin_basis_points": margin.basis_points,
        "complete": margin.complete,
        "unpriced_attempts": figures.unpriced,
        "unpriced_revenue": format_amount(figures.unpriced_revenue),
        "attempts": figures.attempts,
        "failed_attempts": figures.failed,
        "tokens": {name: n for name, n in margin.used.items() if name not in COUNTERS},
        "tool_requests": {name: n for name, n in margin.used.items() if name in COUNTERS},
    }


def _named(group: str) -> str:
    return "customer_id" if group == "customer" else group


def _written(value: date | str | UUID) -> date | str:
    return ids.public(ids.CUSTOMER, value) if isinstance(value, UUID) else value


def _amount(nanos: Nanos | None) -> str | None:
    return None if nanos is None else format_amount(nanos)
