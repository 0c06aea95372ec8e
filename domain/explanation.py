"""A charge line by line: each bucket of its usage times the price that applied to it."""

from dataclasses import dataclass
from typing import Final

from domain.inference_request import CACHED, REPORTED
from domain.money import NANOS_PER_UNIT, Nanos, format_fraction
from domain.pricing import FEE, UNITS_PER_PRICE, WHOLE, RateCard, Ratio, round_half_even
from domain.service_tier import from_cache
from domain.usage import Usage

_EXACT: Final = NANOS_PER_UNIT * UNITS_PER_PRICE
"""Millionths of a nano in one unit of the currency."""


@dataclass(frozen=True, slots=True)
class Line:
    """One bucket at its list price; `priced_as` names the component whose price applied, if any."""

    component: str
    quantity: int
    price: Nanos
    """Of 1,000,000 units."""
    priced_as: str | None

    @property
    def exact(self) -> int:
        """What it comes to, in millionths of a nano."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a usage comes to what it is rated at; only the end is rounded, once, half to even."""

    lines: tuple[Line, ...]
    exact: int
    """The sum of the lines in millionths of a nano."""
    multiplier: Ratio
    """What of it is paid."""
    above: int | None
    """The prices are those of prompts with more tokens than this; None for the first ones."""
    rounded: Nanos
    rated: Nanos
    """The sum, or the hold where a charge that was not reported would have exceeded it."""


def explain(
    usage: Usage, card: RateCard, *, basis: str, hold: Nanos, tier: str | None = None
) -> Explanation:
    """Price a usage again, at its hold's rate card and the service tier of its charge."""
    if basis == CACHED:
        card, tier = from_cache(card)
    plain = card.at(usage.input_tokens, tier)
    lines = [
        _line(plain, component, usage.buckets[component]) for component in sorted(usage.buckets)
    ]
    if plain.price(FEE):
        lines.append(_line(plain, FEE, 1))
    exact = sum(line.exact for line in lines)
    share, whole = plain.multiplier
    rounded = round_half_even(exact * share, UNITS_PER_PRICE * whole)
    return Explanation(
        lines=tuple(lines),
        exact=exact,
        multiplier=plain.multiplier,
        above=card.reached(usage.input_tokens, tier),
        rounded=rounded,
        rated=rounded if basis == REPORTED else min(rounded, hold),
    )


def format_exact(millionths: int, multiplier: Ratio = WHOLE) -> str:
    """Write what an exact sum comes to as a decimal with all of its places, and at least two."""
    share, whole = multiplier
    return format_fraction(millionths * share, _EXACT * whole)


def _line(card: RateCard, component: str, quantity: int) -> Line:
    return Line(component, quantity, card.price(component), card.priced_as(component))
