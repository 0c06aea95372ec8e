"""Prices in a request's body: as in the catalogue, by model."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from api.admin.body import Fields
from api.admin.fields import LimitAmount, Name
from api.catalog.prices import PriceListFields, TermsFields, lists_of
from domain.money import Nanos
from domain.price_page import Page, terms_of
from domain.usage import COMPONENTS

MODELS_MAX = 10_000
LISTS_MAX = 100


def _known(prices: dict[str, Nanos]) -> dict[str, Nanos]:
    if odd := sorted(prices.keys() - COMPONENTS):
        message = f"{odd[0][:40]!r} is no component of a price"
        raise ValueError(message)
    return prices


Prices = Annotated[
    dict[str, LimitAmount], Field(min_length=1, max_length=40), AfterValidator(_known)
]
"""Nanos per 1,000,000 units by component, written as decimal strings."""


class PageFields(Fields):
    """List prices by model, what is said of them besides, and price lists."""

    prices: Annotated[
        dict[Name, Prices],
        Field(
            min_length=1,
            max_length=MODELS_MAX,
            examples=[{"gpt-4o-mini": {"input": "0.15", "output": "0.60"}}],
        ),
    ]
    terms: Annotated[dict[Name, TermsFields], Field(max_length=MODELS_MAX)] = Field(
        default_factory=dict[str, TermsFields]
    )
    price_lists: Annotated[list[PriceListFields], Field(max_length=LISTS_MAX)] = Field(
        default_factory=list[PriceListFields]
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        named = [each.name for each in self.price_lists]
        listed = [entry for each in self.price_lists for entry in each.prices]
        for wrong, message in (
            (self.terms.keys() - self.prices.keys(), "terms are of models that have no price"),
            (len(set(named)) < len(named), "two price lists have one name"),
            (
                any(e.price is None and e.model not in self.prices for e in listed),
                "a price list gives a discount on a model that has no price",
            ),
        ):
            if wrong:
                raise ValueError(message)
        return self

    @property
    def page(self) -> Page:
        """The same as a version of the price book."""
        cards = {
            model: self.terms.get(model, TermsFields()).card_of(prices)
            for model, prices in self.prices.items()
        }
        terms = {model: said for model, card in cards.items() if (said := terms_of(card))}
        return Page(cards=self.prices, terms=terms, lists=lists_of(self.price_lists, cards))
