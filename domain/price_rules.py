"""What customers are told of prices: the rate card in force of each model, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.money import Nanos
from domain.price_book import PriceBook
from domain.pricing import RateCard


@dataclass(frozen=True, slots=True)
class PriceRule:
    """A model's prices, in nanos per 1,000,000 units by component."""

    model: str
    price_version: str
    since: datetime
    """From when on they have been as they are, whatever happened to other models."""
    prices: Mapping[str, Nanos]

    @property
    def card(self) -> RateCard:
        """The same as a rate card, which knows a price for every component."""
        return RateCard(self.prices)


def rules_at(book: PriceBook, now: datetime) -> list[PriceRule]:
    """Give the rule of each model that has a price at a moment, by the model's name."""
    # Of versions that take effect at once only the last published ever was in force.
    in_force = {at: version for at, version in book.schedule if at <= now}
    rules: dict[str, PriceRule] = {}
    for at, version in in_force.items():
        cards = book.versions[version]
        rules = {
            model: PriceRule(model, version, _since(rules.get(model), prices, at), prices)
            for model, prices in cards.items()
        }
    return [rules[model] for model in sorted(rules)]


def _since(before: PriceRule | None, prices: Mapping[str, Nanos], at: datetime) -> datetime:
    return before.since if before is not None and before.prices == prices else at
