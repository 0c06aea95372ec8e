"""One version of the price book as plain JSON values, as its event holds them.

    cards   list prices by model and component
    terms   by model: what the prices alone do not say (multiplier, above, service_tiers)
    lists   by name: prices for the customers of a list

A list has a share of list prices, for the models it names or for all, and cards of its own.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypedDict

from domain.money import Nanos
from domain.pricing import WHOLE, Prices, RateCard, Ratio, ServiceTier, Step

Cards = dict[str, dict[str, Nanos]]
"""Prices by model, then by component, in nanos per 1,000,000 units."""
Steps = list[tuple[int, dict[str, Nanos]]]
"""Pairs of tokens and the prices beyond them; JSON makes lists of the pairs."""


class TierTerms(TypedDict, total=False):
    """A service tier: what is left out is as it is for the standard one."""

    multiplier: list[int]
    prices: dict[str, Nanos]
    above: Steps


class CardTerms(TypedDict, total=False):
    """What the prices of a model alone do not say."""

    multiplier: list[int]
    above: Steps
    service_tiers: dict[str, TierTerms]


Terms = dict[str, CardTerms]


class ListTerms(TypedDict):
    """A price list: None is no share, or one for all models."""

    multiplier: list[int] | None
    models: list[str] | None
    cards: Cards
    terms: Terms


Lists = dict[str, ListTerms]


class Page(TypedDict):
    """What a version says."""

    cards: Cards
    terms: Terms
    lists: Lists


def plain_page(cards: Cards) -> Page:
    """Make a page of list prices alone."""
    return Page(cards=cards, terms={}, lists={})


def page_of(fact: Mapping[str, Any]) -> Page:
    """Give the page that a published or drafted version's fact holds."""
    return Page(cards=fact["cards"], terms=fact["terms"], lists=fact["lists"])


def version_of(page: Page, currency: str) -> str:
    """Name a version by what it says; a page of plain prices by those alone."""
    said: list[Any] = [currency, page["cards"]]
    if page["terms"] or page["lists"]:
        said += [page["terms"], page["lists"]]
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return "pv_" + hashlib.sha256(canonical.encode()).hexdigest()[:24]


def card_on(page: Page, model: str, price_list: str | None = None) -> RateCard | None:
    """Find a model's rate card for a customer of this list, or of none; None if it has no price.

    A list that is not there, or says nothing of the model, leaves the customer the public card.
    """
    prices = page["cards"].get(model)
    public = None if prices is None else card_of(prices, page["terms"].get(model, {}))
    said = page["lists"].get(price_list) if price_list is not None else None
    if said is None:
        return public
    own = said["cards"].get(model)
    if own is not None:
        return card_of(own, said["terms"].get(model, {}))
    named = said["models"] is None or model in said["models"]
    if public is None or said["multiplier"] is None or not named:
        return public
    # A list's share is of the list prices: it does not come on top of the public discount.
    return RateCard(public.prices, _ratio(said["multiplier"]), public.above, public.tiers)


def card_again(page: Page, model: str, price_list: str | None) -> RateCard | None:
    """Find what to rate an earlier call by; None where the version does not have its list, either.

    The public prices would take from a customer what had been agreed.
    """
    return card_on(page, model, price_list) if has_list(page, price_list) else None


def has_list(page: Page, price_list: str | None) -> bool:
    """Tell whether a version has the list that a customer is on, if any."""
    return price_list is None or price_list in page["lists"]


def models_on(page: Page, price_list: str | None = None) -> list[str]:
    """Name every model that a customer of this list has a price for, in order."""
    said = page["lists"].get(price_list) if price_list is not None else None
    return sorted(page["cards"].keys() | (said["cards"].keys() if said else set()))


def card_of(prices: Prices, terms: CardTerms) -> RateCard:
    """Make a card of its prices and terms."""
    if not terms:
        return RateCard(prices)
    return RateCard(
        prices,
        _ratio(terms.get("multiplier")),
        _steps(terms.get("above")),
        {name: _tier(told) for name, told in terms.get("service_tiers", {}).items()},
    )


def terms_of(card: RateCard) -> CardTerms:
    """Write down what a card says beyond its prices; nothing for a plain one."""
    terms: CardTerms = {}
    if card.multiplier != WHOLE:
        terms["multiplier"] = list(card.multiplier)
    if card.above:
        terms["above"] = _written(card.above)
    if card.tiers:
        terms["service_tiers"] = {name: _tier_terms(tier) for name, tier in card.tiers.items()}
    return terms


def _tier(told: TierTerms) -> ServiceTier:
    return ServiceTier(
        _ratio(told.get("multiplier")), told.get("prices", {}), _steps(told.get("above"))
    )


def _tier_terms(tier: ServiceTier) -> TierTerms:
    terms: TierTerms = {}
    if tier.multiplier != WHOLE:
        terms["multiplier"] = list(tier.multiplier)
    if tier.prices:
        terms["prices"] = dict(tier.prices)
    if tier.above:
        terms["above"] = _written(tier.above)
    return terms


def _steps(told: Steps | None) -> tuple[Step, ...]:
    return tuple(Step(tokens, prices) for tokens, prices in told or ())


def _written(steps: tuple[Step, ...]) -> Steps:
    return [(step.tokens, dict(step.prices)) for step in steps]


def _ratio(told: list[int] | None) -> Ratio:
    return WHOLE if told is None else (told[0], told[1])
