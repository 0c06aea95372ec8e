"""Prices: nanos per 1,000,000 units of each component, and the one rounding of a charge.

charge = round_half_even(Σ quantity × price / 1,000,000), a hold rounds up.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from domain.money import Nanos
from domain.usage import INPUT_COMPONENTS, OUTPUT_COMPONENTS, Usage

UNITS_PER_PRICE = 1_000_000

_FALLBACK = {
    "cached_input": "input",
    "cache_write": "input",
    "cache_write_5m": "cache_write",
    "cache_write_1h": "cache_write",
    "audio_input": "input",
    "image_input": "input",
    "reasoning": "output",
    "audio_output": "output",
    "image_output": "output",
}


@dataclass(frozen=True, slots=True)
class RateCard:
    """The prices of one model; a component without a price of its own takes its parent's."""

    prices: Mapping[str, Nanos]

    def price(self, component: str) -> Nanos:
        """Find the price of 1,000,000 units, in nanos."""
        while component not in self.prices:
            if component not in _FALLBACK:
                return 0
            component = _FALLBACK[component]
        return self.prices[component]

    def priced_as(self, component: str) -> str | None:
        """Name the component whose price `price` finds, or None where there is none."""
        source: str | None = component
        while source is not None and source not in self.prices:
            source = _FALLBACK.get(source)
        return source

    @property
    def dearest_input(self) -> Nanos:
        """What a prompt token can cost at most: a cache write may be dearer than plain input."""
        return max(self.price(component) for component in INPUT_COMPONENTS)

    @property
    def dearest_output(self) -> Nanos:
        """What a produced token can cost at most."""
        return max(self.price(component) for component in OUTPUT_COMPONENTS)


def rate(usage: Usage, card: RateCard) -> Nanos:
    """Price a usage exactly and round once, half to even."""
    total = card.price("request")
    for component, quantity in usage.buckets.items():
        total += quantity * card.price(component)
    return round_half_even(total, UNITS_PER_PRICE)


def round_half_even(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest integer, ties to the even one."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient & 1))


def round_up(numerator: int, denominator: int) -> int:
    """Divide and round towards plus infinity."""
    return -(-numerator // denominator)


def content_hash(cards: Mapping[str, Mapping[str, Nanos]], currency: str) -> str:
    """Name a version of the price book by what it says."""
    canonical = json.dumps([currency, cards], sort_keys=True, separators=(",", ":"))
    return "pv_" + hashlib.sha256(canonical.encode()).hexdigest()[:24]
