"""Answers about the price book."""

from typing import Annotated, Any

from pydantic import Field

from api.document.answer import Answer, Decimal, Items, Money, Month, Time


class PageAnswer(Answer):
    """Prices as one would post them."""

    price_version: str
    prices: Annotated[
        dict[str, dict[str, Decimal]],
        Field(examples=[{"gpt-4o-mini": {"input": "0.15", "output": "0.60"}}]),
    ]
    terms: dict[str, dict[str, Any]] | None = None
    price_lists: list[dict[str, Any]] | None = None


class VersionAnswer(Answer):
    """A version; a draft never comes into force."""

    price_version: str
    effective_at: Time | None
    models: int
    price_lists: list[str]


class VersionsAnswer(Items[VersionAnswer]):
    """Versions, the published ones in their order of effect and then the drafts."""


class ComparisonAnswer(Answer):
    """What calls were charged, and what they would have been."""

    calls: int
    charged: Money
    would_be: Money
    difference: Money
    unpriced_calls: int


class ModelComparisonAnswer(ComparisonAnswer):
    """The comparison of one model's calls."""

    model: str


class CustomerComparisonAnswer(ComparisonAnswer):
    """The comparison of one customer's calls."""

    customer_id: str


class WhatIfAnswer(ComparisonAnswer):
    """A month rated again."""

    period: Month
    by_model: list[ModelComparisonAnswer]
    by_customer: list[CustomerComparisonAnswer]
