"""GET /openapi/v1/usage/breakdown and /billing/cost-breakdown: usage and charges, in groups.

Days are those of UTC. With `month` a report is of what was booked in that month, which is what
the month's statement says.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.document.operation import documented
from api.envelope import success
from api.errors import InvalidFieldError
from api.openapi.answers.spend import CostAnswer, UsageAnswer
from api.openapi.caller import Caller, read_models
from api.openapi.figures import money, named, used
from api.openapi.query import Query
from api.openapi.standing import standing
from domain import ids
from domain.reserve_call import Identity
from domain.tags import parse_tag_name
from projections.calls import Calls
from projections.freshness import catch_up
from projections.read_usage import (
    API_KEY,
    DAY,
    GROUPS_MAX,
    MODEL,
    TAG,
    Selection,
    TooManyGroupsError,
    usage,
)
from projections.usage_figures import Figures

PERIOD: Final = frozenset({"from", "to", "month"})
PARAMETERS: Final = PERIOD | {"group_by", "model", "key_id"}
DIMENSIONS: Final = (DAY, MODEL, API_KEY)
DIMENSIONS_MAX: Final = 4
RECENT_DAYS: Final = 30
QUERY: Final = ("from", "to", "month", "group_by", "model", "key_id")

router = APIRouter()


@router.get("/usage/breakdown", **documented(UsageAnswer, query=QUERY))
async def break_usage_down(request: Request, caller: Caller) -> Response:
    """Tell what was used: calls, tokens and tool requests by component, and what they came to."""

    def show(figures: Figures) -> dict[str, Any]:
        return {**money(figures), **used(figures)}

    return success(request, await _report(request, caller, DAY, show))


@router.get("/billing/cost-breakdown", **documented(CostAnswer, query=QUERY))
async def break_costs_down(request: Request, caller: Caller) -> Response:
    """Tell what was charged and what corrections gave back."""
    return success(request, await _report(request, caller, MODEL, money))


def selection_of(asked: Query, today: date) -> Selection:
    """Read which usage is meant; the last days where nothing is said."""
    month, (since, until) = asked.month(), asked.times()
    model, key_id = asked.text("model"), asked.id("key_id", ids.KEY)
    if month is None:
        days = asked.days(today, RECENT_DAYS)
        return Selection(since=days.since, until=days.until, model=model, key_id=key_id)
    if since is not None or until is not None:
        raise InvalidFieldError("'month' goes with neither 'from' nor 'to'.", "month")
    return Selection(period=month, model=model, key_id=key_id)


def describe_selection(selection: Selection) -> dict[str, Any]:
    """Show what a report is of."""
    return {
        "from": selection.since,
        "to": selection.until,
        "month": selection.period,
        "days_of": "UTC",
    }


async def _report(
    request: Request, caller: Identity, default: str, show: Callable[[Figures], dict[str, Any]]
) -> dict[str, Any]:
    asked = Query(request, PARAMETERS)
    dimensions = _dimensions(asked.text("group_by") or default)
    now = await standing(request, caller)
    selection = selection_of(asked, now.today)
    async with read_models(request) as conn:
        await catch_up(conn, (Calls(),))
        try:
            groups = await usage(conn, caller.wallet_id, selection, dimensions, most=GROUPS_MAX)
        except TooManyGroupsError:
            message = "'group_by' makes too many groups: group by less, or choose fewer days."
            raise InvalidFieldError(message, "group_by") from None
    items = [{**dict(map(named, dimensions, group.key)), **show(group.figures)} for group in groups]
    totals = show(Figures.sum(group.figures for group in groups))
    return {
        "currency": now.currency,
        **describe_selection(selection),
        "group_by": dimensions,
        "totals": totals,
        "items": items,
    }


def _dimensions(text: str) -> Sequence[str]:
    dimensions = text.split(",")
    known = all(name in DIMENSIONS or _is_tag(name) for name in dimensions)
    if not known or len(set(dimensions)) < len(dimensions) or len(dimensions) > DIMENSIONS_MAX:
        names = ", ".join((*DIMENSIONS, "tag:<name>"))
        message = f"'group_by' must name up to {DIMENSIONS_MAX} of {names}, each once."
        raise InvalidFieldError(message, "group_by")
    return dimensions


def _is_tag(dimension: str) -> bool:
    try:
        parse_tag_name(dimension.removeprefix(TAG))
    except ValueError:
        return False
    return dimension.startswith(TAG)
