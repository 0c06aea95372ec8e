"""Answers about prices."""

from typing import Annotated, Any, Literal

from pydantic import Field

from api.document.answer import Answer, Decimal, Time

Prices = Annotated[dict[str, Decimal], Field(examples=[{"input": "0.15", "output": "0.60"}])]


class CardAnswer(Answer):
    """What is paid for `price_units` of each component, and what changes it."""

    prices: Prices
    list_prices: Prices | None = None
    multiplier: Annotated[
        Decimal | None, Field(description="The share of list prices that is paid.")
    ] = None
    above: Annotated[
        list[dict[str, Any]] | None, Field(description="Other prices above so many input tokens.")
    ] = None
    service_tiers: dict[str, dict[str, Any]] | None = None


class TermsAnswer(Answer):
    """How prices become a charge."""

    currency: str
    price_units: Literal[1_000_000]
    rounding: Literal["half_even"]
    rounded: Literal["once_per_call"]


class RuleAnswer(CardAnswer):
    """The prices of one model, and since when they have been so."""

    model: str
    price_version: str
    in_force_since: Time


class RulesAnswer(TermsAnswer):
    """The prices of every model."""

    items: list[RuleAnswer]


class ComponentAnswer(Answer):
    """What a component is paid as: its own price, or that of its parent."""

    price: Decimal
    priced_as: str | None


class OneRuleAnswer(TermsAnswer, RuleAnswer):
    """The prices of one model, those of components without a price of their own included."""

    components: dict[str, ComponentAnswer]
