"""What if: a month rated again under other prices, for looking only."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, Field, model_validator

from api.admin.answers.prices import WhatIfAnswer
from api.admin.auth import gateway_of
from api.admin.body import body_as
from api.admin.fields import Name
from api.admin.find import parse_id
from api.admin.price_fields import MODELS_MAX, PageFields, Prices
from api.admin.query import lent_connection
from api.document.operation import documented
from api.envelope import success
from api.rerating import Comparison, prices_of, what_if
from domain import ids
from domain.errors import NotFoundError
from domain.money import Nanos, format_amount
from domain.periods import parse_month
from projections.calls import Calls
from projections.freshness import catch_up
from projections.read_charges import Selector

router = APIRouter()


class WhatIfFields(PageFields):
    """A month, and either a version that is there or prices as in the catalogue."""

    period: Annotated[str, AfterValidator(parse_month)]
    price_version: Name | None = None
    prices: Annotated[dict[Name, Prices], Field(max_length=MODELS_MAX)] = Field(
        default_factory=dict[str, dict[str, Nanos]]
    )
    model: Name | None = None
    customer_id: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.price_version is None) != bool(self.prices):
            message = "Give price_version or prices"
            raise ValueError(message)
        return self


@router.post("/what-if", **documented(WhatIfAnswer))
async def ask(
    request: Request, asked: Annotated[WhatIfFields, Depends(body_as(WhatIfFields))]
) -> Response:
    """Rate a month again, by model and by customer; nothing is written."""
    gateway = gateway_of(request)
    book = await prices_of(gateway)
    page = asked.page if asked.prices else book.get(asked.price_version or "")
    if page is None:
        what = "price version"
        raise NotFoundError(what)
    customer_id = None
    if asked.customer_id is not None:
        customer_id = parse_id(ids.CUSTOMER, asked.customer_id, gateway.shard, "customer")
    selector = Selector(model=asked.model, period=asked.period, customer_id=customer_id)
    async with lent_connection(request) as conn:
        await catch_up(conn, (Calls(),))
        report = await what_if(conn, selector, page, book)
    by_model = [{"model": m, **_describe(c)} for m, c in sorted(report.by_model.items())]
    by_customer = [
        {"customer_id": ids.public(ids.CUSTOMER, i), **_describe(c)}
        for i, c in sorted(report.by_customer.items())
    ]
    data = {"period": asked.period, **_describe(report.in_all)}
    return success(request, {**data, "by_model": by_model, "by_customer": by_customer})


def _describe(comparison: Comparison) -> dict[str, Any]:
    return {
        "calls": comparison.calls,
        "charged": format_amount(comparison.charged),
        "would_be": format_amount(comparison.would_be),
        "difference": format_amount(comparison.would_be - comparison.charged),
        "unpriced_calls": comparison.unpriced,
    }
