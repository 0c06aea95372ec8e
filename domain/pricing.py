"""Prices: nanos per 1,000,000 units of each component, and the one rounding of a charge.

charge = round_half_even(Σ quantity × price × n / (d × 1,000,000)), a hold rounds up; n / d is what
of these list prices is paid.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import gcd

from domain.money import Nanos
from domain.usage import COMPONENTS, INPUT_COMPONENTS, OUTPUT_COMPONENTS, Usage

UNITS_PER_PRICE = 1_000_000
FEE = "request"
"""The component that is priced once a call."""

Prices = Mapping[str, Nanos]
"""By component, of 1,000,000 units."""

Ratio = tuple[int, int]
"""A share of list prices as numerator and denominator, in lowest terms."""

WHOLE: Ratio = (1, 1)
FREE: Ratio = (0, 1)

_PARENTS = {
    "cached_input": ("input",),
    "cached_audio_input": ("cached_input", "audio_input", "input"),
    "cached_image_input": ("cached_input", "image_input", "input"),
    "cache_write": ("input",),
    "cache_write_5m": ("cache_write", "input"),
    "cache_write_30m": ("cache_write", "input"),
    "cache_write_1h": ("cache_write", "input"),
    "cache_write_12h": ("cache_write", "input"),
    "audio_input": ("input",),
    "image_input": ("input",),
    "video_input": ("input",),
    "reasoning": ("output",),
    "citation": ("output",),
    "audio_output": ("output",),
    "image_output": ("output",),
}


@dataclass(frozen=True, slots=True)
class Step:
    """Prices once a prompt has more tokens than this: then for all of its call's units."""

    tokens: int
    prices: Prices
    """Components that it does not name keep their price."""


@dataclass(frozen=True, slots=True)
class ServiceTier:
    """What a call costs that is served faster or slower; by a share, or by prices of its own."""

    multiplier: Ratio = WHOLE
    prices: Prices = field(default_factory=dict[str, Nanos])
    above: tuple[Step, ...] = ()


@dataclass(frozen=True)
class RateCard:
    """The prices of one model; a component without a price of its own takes its parent's.

    Cards are kept and asked for every call, so that what they are asked is worked out once.
    """

    prices: Prices
    multiplier: Ratio = WHOLE
    above: tuple[Step, ...] = ()
    """In order of their tokens."""
    tiers: Mapping[str, ServiceTier] = field(default_factory=dict[str, ServiceTier])
    """Service tiers beside the standard one, which has no name."""

    def at(self, input_tokens: int, tier: str | None = None) -> "RateCard":
        """Give the plain card for a prompt of this size at a service tier that is priced."""
        if tier is None and not self.above:
            return self
        key = (self.reached(input_tokens, tier), tier)
        if key not in self._plain:
            served = self.tiers[tier] if tier is not None else ServiceTier()
            prices = {
                **self.prices,
                **_reached(self.above, input_tokens),
                **served.prices,
                **_reached(served.above, input_tokens),
            }
            self._plain[key] = RateCard(prices, product(self.multiplier, served.multiplier))
        return self._plain[key]

    def within(self, input_tokens: int, tiers: Iterable[str | None]) -> list["RateCard"]:
        """Give every plain card that a prompt of at most this size may be rated by."""
        found: list[RateCard] = []
        for tier in tiers:
            reached = [s.tokens + 1 for s in self._steps(tier) if s.tokens < input_tokens]
            found += [self.at(size, tier) for size in (0, *reached)]
        return found

    def reached(self, input_tokens: int, tier: str | None = None) -> int | None:
        """Name the highest step below a prompt of this size; None where the first prices count."""
        below = [step.tokens for step in self._steps(tier) if input_tokens > step.tokens]
        return max(below, default=None)

    def price(self, component: str) -> Nanos:
        """Find the list price of 1,000,000 units, in nanos."""
        return self._price.get(component, 0)

    def priced_as(self, component: str) -> str | None:
        """Name the component whose price `price` finds, or None where there is none."""
        if component in self.prices:
            return component
        return next((name for name in _PARENTS.get(component, ()) if name in self.prices), None)

    def multiplied(self, ratio: Ratio) -> "RateCard":
        """Give the same card at a share of its prices."""
        return replace(self, multiplier=product(self.multiplier, ratio))

    @cached_property
    def dearest_input(self) -> Nanos:
        """What a prompt token can cost at most: a cache write may be dearer than plain input."""
        return max(self.price(component) for component in INPUT_COMPONENTS)

    @cached_property
    def dearest_output(self) -> Nanos:
        """What a produced token can cost at most."""
        return max(self.price(component) for component in OUTPUT_COMPONENTS)

    @cached_property
    def _price(self) -> dict[str, Nanos]:
        sources = {component: self.priced_as(component) for component in COMPONENTS}
        return {name: self.prices[source] if source else 0 for name, source in sources.items()}

    @cached_property
    def _plain(self) -> "dict[tuple[int | None, str | None], RateCard]":
        return {}

    def _steps(self, tier: str | None) -> tuple[Step, ...]:
        return self.above if tier is None else (*self.above, *self.tiers[tier].above)


def rate(usage: Usage, card: RateCard, tier: str | None = None) -> Nanos:
    """Price a usage exactly at a service tier and round once, half to even."""
    plain = card
    if tier is not None or card.above:
        plain = card.at(usage.input_tokens, tier)
    total = plain.price(FEE)
    for component, quantity in usage.buckets.items():
        total += quantity * plain.price(component)
    share, whole = plain.multiplier
    return round_half_even(total * share, UNITS_PER_PRICE * whole)


def ratio_of(numerator: int, denominator: int) -> Ratio:
    """Write a share in lowest terms."""
    common = gcd(numerator, denominator)
    return numerator // common, denominator // common


def product(one: Ratio, other: Ratio) -> Ratio:
    """Multiply two shares."""
    if other == WHOLE:
        return one
    return ratio_of(one[0] * other[0], one[1] * other[1])


def round_half_even(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest integer, ties to the even one."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient & 1))


def round_up(numerator: int, denominator: int) -> int:
    """Divide and round towards plus infinity."""
    return -(-numerator // denominator)


def _reached(steps: Iterable[Step], input_tokens: int) -> dict[str, Nanos]:
    prices: dict[str, Nanos] = {}
    for step in steps:
        if input_tokens > step.tokens:
            prices.update(step.prices)
    return prices
