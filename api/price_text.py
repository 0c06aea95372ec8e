"""Prices as decimal strings: cards as payers see them, versions as an operator posts them."""

from collections.abc import Mapping
from typing import Any

from domain.money import NANOS_PER_UNIT, Nanos, format_amount, format_fraction
from domain.price_page import CardTerms, ListTerms, Page, card_of
from domain.pricing import WHOLE, RateCard, Ratio, ServiceTier, Step, product

Written = dict[str, Any]


def describe_card(card: RateCard) -> Written:
    """Show what is paid, exactly; the list prices and the share of them where that is not all."""
    shown: Written = {"prices": _paid(card.prices, card.multiplier)}
    if card.multiplier != WHOLE:
        shown |= {"list_prices": amounts(card.prices), "multiplier": format_share(card.multiplier)}
    if card.above:
        shown["above"] = _steps(card.above, card.multiplier)
    if card.tiers:
        shown["service_tiers"] = {
            name: _tier(tier, card.multiplier) for name, tier in sorted(card.tiers.items())
        }
    return shown


def describe_page(page: Page) -> Written:
    """Write a version as an operator would post it: list prices, terms and price lists."""
    written: Written = {"prices": describe_cards(page["cards"])}
    if page["terms"]:
        written["terms"] = {
            model: _terms(card_of({}, terms)) for model, terms in page["terms"].items()
        }
    if page["lists"]:
        written["price_lists"] = [_list(name, said) for name, said in page["lists"].items()]
    return written


def describe_cards(cards: Mapping[str, Mapping[str, Nanos]]) -> dict[str, dict[str, str]]:
    """Write prices as decimal strings."""
    return {model: amounts(prices) for model, prices in cards.items()}


def amounts(prices: Mapping[str, Nanos]) -> dict[str, str]:
    """Write the prices of components as decimal strings."""
    return {name: format_amount(prices[name]) for name in sorted(prices)}


def format_share(share: Ratio) -> str:
    """Write a share of list prices as a decimal string."""
    return format_fraction(*share)


def format_paid(price: Nanos, share: Ratio) -> str:
    """Write a share of a price with all of its places."""
    return format_fraction(price * share[0], NANOS_PER_UNIT * share[1])


def _paid(prices: Mapping[str, Nanos], share: Ratio) -> dict[str, str]:
    return {name: format_paid(prices[name], share) for name in sorted(prices)}


def _steps(steps: tuple[Step, ...], share: Ratio) -> list[Written]:
    return [{"tokens": step.tokens, "price": _paid(step.prices, share)} for step in steps]


def _tier(tier: ServiceTier, share: Ratio) -> Written:
    if not tier.prices:
        return {"multiplier": format_share(tier.multiplier)}
    paid = product(share, tier.multiplier)
    shown: Written = {"price": _paid(tier.prices, paid)}
    return {**shown, "above": _steps(tier.above, paid)} if tier.above else shown


def _terms(card: RateCard) -> Written:
    """Write a card's terms; its prices are written elsewhere."""
    shown = describe_card(RateCard({}, WHOLE, card.above, card.tiers))
    del shown["prices"]
    discount = {} if card.multiplier == WHOLE else {"discount": format_share(card.multiplier)}
    return {**discount, **shown}


def _list(name: str, said: ListTerms) -> Written:
    written: Written = {"name": name}
    if said["multiplier"] is not None:
        written["discount"] = format_fraction(*said["multiplier"])
    if said["models"] is not None:
        written["models"] = said["models"]
    if said["cards"]:
        written["prices"] = [
            {
                "model": model,
                "price": amounts(prices),
                **_terms(card_of({}, said["terms"].get(model, CardTerms()))),
            }
            for model, prices in said["cards"].items()
        ]
    return written
