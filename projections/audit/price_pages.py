"""Versions of a price book: whether all that they say are prices."""

from collections.abc import Iterable, Mapping

from domain.money import NANOS_MAX
from domain.price_page import Page, card_on, models_on
from domain.pricing import RateCard, Step
from domain.usage import COMPONENTS


def is_priced(page: Page) -> bool:
    """Tell whether every card of a version can be made, and holds nothing but prices."""
    try:
        cards = [
            card_on(page, model, price_list)
            for price_list in (None, *page["lists"])
            for model in models_on(page, price_list)
        ]
        shares = [said["multiplier"] for said in page["lists"].values()]
        return all(share is None or _is_ratio(share) for share in shares) and all(
            card is not None and _is_card(card) for card in cards
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return False


def _is_card(card: RateCard) -> bool:
    return (
        _are_prices(card.prices)
        and _is_ratio(card.multiplier)
        and _are_steps(card.above)
        and all(
            _is_ratio(tier.multiplier) and _are_prices(tier.prices) and _are_steps(tier.above)
            for tier in card.tiers.values()
        )
    )


def _are_steps(steps: Iterable[Step]) -> bool:
    return all(_is_whole(step.tokens) and _are_prices(step.prices) for step in steps)


def _are_prices(prices: Mapping[str, object]) -> bool:
    return prices.keys() <= COMPONENTS and all(map(_is_whole, prices.values()))


def _is_ratio(share: Iterable[object]) -> bool:
    match list(share):
        case [numerator, denominator]:
            return _is_whole(numerator) and _is_whole(denominator) and denominator != 0
        case _:
            return False


def _is_whole(value: object) -> bool:
    return type(value) is int and 0 <= value <= NANOS_MAX
