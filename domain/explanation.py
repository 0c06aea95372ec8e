"""A charge line by line: each bucket of its usage times the price that applied to it."""

from dataclasses import dataclass
from typing import Final

from domain.inference_request import REPORTED
from domain.money import NANOS_PER_UNIT, Nanos
from domain.pricing import UNITS_PER_PRICE, RateCard, round_half_even
from domain.usage import Usage

FEE: Final = "request"
_PLACES: Final = 15
"""Decimals of an exact sum: nanos have 9, and a price is that of 1,000,000 units."""


@dataclass(frozen=True, slots=True)
class Line:
    """One bucket; `priced_as` is the component whose price applied, None where none has one."""

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
    """How a usage comes to what it is rated at; only the sum is rounded, once, half to even."""

    lines: tuple[Line, ...]
    exact: int
    """In millionths of a nano."""
    rounded: Nanos
    rated: Nanos
    """The sum, or the hold where a charge that was not reported would have exceeded it."""


def explain(usage: Usage, card: RateCard, *, basis: str, hold: Nanos) -> Explanation:
    """Price a usage again, at the rate card of its call's hold."""
    lines = [
        _line(card, component, usage.buckets[component]) for component in sorted(usage.buckets)
    ]
    if card.price(FEE):
        lines.append(_line(card, FEE, 1))
    exact = sum(line.exact for line in lines)
    rounded = round_half_even(exact, UNITS_PER_PRICE)
    return Explanation(
        lines=tuple(lines),
        exact=exact,
        rounded=rounded,
        rated=rounded if basis == REPORTED else min(rounded, hold),
    )


def format_exact(millionths: int) -> str:
    """Write an exact sum as a decimal with every place that it has, and at least two."""
    units, fraction = divmod(abs(millionths), NANOS_PER_UNIT * UNITS_PER_PRICE)
    places = f"{fraction:0{_PLACES}d}".rstrip("0").ljust(2, "0")
    return f"{'-' if millionths < 0 else ''}{units}.{places}"


def _line(card: RateCard, component: str, quantity: int) -> Line:
    return Line(component, quantity, card.price(component), card.priced_as(component))
