"""What customers are told of prices: the rate card in force of each model, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.price_book import PriceBook
from domain.price_page import Page, card_on, models_on
from domain.pricing import RateCard


@dataclass(frozen=True, slots=True)
class PriceRule:
    """What a model costs one customer, or everybody."""

    model: str
    price_version: str
    since: datetime
    """From when on it has been so, whatever happened to other models."""
    card: RateCard


def rules_at(book: PriceBook, now: datetime, price_list: str | None = None) -> list[PriceRule]:
    """Give the rule of each model that has a price at a moment, by the model's name.

    With a price list, as its customers see it.
    """
    # Of versions that take effect at once only the last published ever was in force.
    in_force = {at: version for at, version in book.schedule if at <= now}
    rules: dict[str, PriceRule] = {}
    pages = book.pages()
    for at, version in in_force.items():
        cards = _cards(pages[version], price_list)
        rules = {
            model: PriceRule(model, version, _since(rules.get(model), card, at), card)
            for model, card in cards.items()
        }
    return [rules[model] for model in sorted(rules)]


def _cards(page: Page, price_list: str | None) -> Mapping[str, RateCard]:
    found = {model: card_on(page, model, price_list) for model in models_on(page, price_list)}
    return {model: card for model, card in found.items() if card is not None}


def _since(before: PriceRule | None, card: RateCard, at: datetime) -> datetime:
    return before.since if before is not None and before.card == card else at
