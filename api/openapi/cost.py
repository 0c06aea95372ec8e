"""GET /openapi/v1/cost/…: what a customer spends, at a glance, by day and by model."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.spend import (
    ModelsSpendAnswer,
    OneModelSpendAnswer,
    OverviewAnswer,
    TrendAnswer,
)
from api.openapi.billing_rules import rules_of
from api.openapi.caller import Caller, read_models
from api.openapi.figures import average, money, named, used
from api.openapi.query import Query
from api.openapi.standing import Standing, standing
from api.openapi.usage import PERIOD, RECENT_DAYS, describe_selection, selection_of
from domain.errors import ModelNotFoundError
from domain.periods import previous_month
from projections.calls import Calls
from projections.freshness import catch_up
from projections.read_usage import API_KEY, DAY, MODEL, Group, Selection, ever_used, usage
from projections.usage_figures import Figures

DAYS: Final = frozenset({"from", "to"})
TOP_MODELS: Final = 5

router = APIRouter()


@router.get("/cost/overview", **documented(OverviewAnswer))
async def get_overview(request: Request, caller: Caller) -> Response:
    """Tell the spend of today, this month and lately, and the models that it went to."""
    Query(request, ())
    now = await standing(request, caller)
    spans = _spans(now)
    async with read_models(request) as conn:
        await catch_up(conn, (Calls(),))
        spent = {
            name: (await usage(conn, caller.wallet_id, span))[0].figures
            for name, span in spans.items()
        }
        recent = spans["last_30_days"]
        models = await usage(conn, caller.wallet_id, recent, [MODEL])
    data = {
        "currency": now.currency,
        **{name: {**_dates(spans[name]), **money(spent[name])} for name in spans},
        "average_per_charge": average(spent["last_30_days"].average),
        "top_models": _by_spend(models)[:TOP_MODELS],
    }
    return success(request, data)


@router.get("/cost/trend", **documented(TrendAnswer, query=("from", "to", "model", "key_id")))
async def get_trend(request: Request, caller: Caller) -> Response:
    """Tell the spend of each day, also of those without any."""
    asked = Query(request, DAYS | {"model", "key_id"})
    now = await standing(request, caller)
    selection = selection_of(asked, now.today)
    async with read_models(request) as conn:
        await catch_up(conn, (Calls(),))
        items = await _trend(conn, caller.wallet_id, selection)
    return success(
        request, {"currency": now.currency, **describe_selection(selection), "items": items}
    )


@router.get(
    "/cost/models", **documented(ModelsSpendAnswer, query=("from", "to", "month", "key_id"))
)
async def list_models(request: Request, caller: Caller) -> Response:
    """Tell what each model came to, the dearest first."""
    asked = Query(request, PERIOD | {"key_id"})
    now = await standing(request, caller)
    selection = selection_of(asked, now.today)
    async with read_models(request) as conn:
        await catch_up(conn, (Calls(),))
        groups = await usage(conn, caller.wallet_id, selection, [MODEL])
    data = {
        "currency": now.currency,
        **describe_selection(selection),
        "totals": money(Figures.sum(group.figures for group in groups)),
        "items": _by_spend(groups),
    }
    return success(request, data)


@router.get("/cost/models/{model:path}", **documented(OneModelSpendAnswer, query=("from", "to")))
async def get_model(request: Request, model: str, caller: Caller) -> Response:
    """Tell what one model came to, by day and by key; it must be priced, or have been used."""
    asked = Query(request, DAYS)
    if not model.isprintable():
        raise ModelNotFoundError(model)
    now = await standing(request, caller)
    selection = replace(selection_of(asked, now.today), model=model)
    async with read_models(request) as conn:
        await catch_up(conn, (Calls(),))
        known = await ever_used(conn, caller.wallet_id, model)
        keys = await usage(conn, caller.wallet_id, selection, [API_KEY])
        days = await _trend(conn, caller.wallet_id, selection)
    if not known and model not in {rule.model for rule in (await rules_of(request, caller)).rules}:
        raise ModelNotFoundError(model)
    totals = Figures.sum(group.figures for group in keys)
    data = {
        "model": model,
        "currency": now.currency,
        **describe_selection(selection),
        "totals": {**money(totals), **used(totals), "average": average(totals.average)},
        "api_keys": [
            {**dict([named(API_KEY, *group.key)]), **money(group.figures)} for group in keys
        ],
        "days": days,
    }
    return success(request, data)


def _spans(now: Standing) -> dict[str, Selection]:
    tomorrow, yesterday = now.today + timedelta(days=1), now.today - timedelta(days=1)
    return {
        "today": Selection(since=now.today, until=tomorrow),
        "yesterday": Selection(since=yesterday, until=now.today),
        "this_month": Selection(period=now.month),
        "last_month": Selection(period=previous_month(now.month)),
        "last_30_days": Selection(since=tomorrow - timedelta(days=RECENT_DAYS), until=tomorrow),
    }


def _dates(span: Selection) -> dict[str, Any]:
    shown = describe_selection(span)
    return {name: value for name, value in shown.items() if value is not None}


async def _trend(
    conn: AsyncConnection[Any], wallet_id: UUID, selection: Selection
) -> list[dict[str, Any]]:
    groups = await usage(conn, wallet_id, selection, [DAY])
    spent: dict[date, Figures] = {group.key[0]: group.figures for group in groups}
    assert selection.since is not None, "a trend is of days"
    assert selection.until is not None, "a trend is of days"
    count = (selection.until - selection.since).days
    days = [selection.since + timedelta(days=number) for number in range(count)]
    return [{DAY: day, **money(spent.get(day, Figures()))} for day in days]


def _by_spend(groups: Iterable[Group]) -> list[dict[str, Any]]:
    ordered = sorted(groups, key=lambda group: (-group.figures.total, group.key))
    return [
        {
            MODEL: group.key[0],
            **money(group.figures),
            "average": average(group.figures.average),
        }
        for group in ordered
    ]
