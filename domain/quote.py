"""A quote: what a call may cost at most, and how much output the funds allow."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.errors import UnsupportedParameterError
from domain.money import Nanos
from domain.pricing import FEE, UNITS_PER_PRICE, RateCard, round_up
from domain.service_tier import CACHED_TIER

_SHOWN = 40
"""Characters that are repeated of what a caller wrote."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The size of a call before it is made: tokens in, and the cap on tokens out per choice."""

    input_tokens: int
    """An upper estimate of the prompt."""
    output_cap: int
    """What the client asked for, or what it gets by default; never above the model's maximum."""
    clamps: bool
    """Whether the cap may be lowered to what the funds allow: the client named none."""
    choices: int = 1
    service_tier: str | None = None
    """What the client asked for beside the standard tier, which may answer all the same."""
    extras: Mapping[str, int] = field(default_factory=dict[str, int])
    """Requests to the provider's tools at most, by component."""

    def check_priced(self, card: RateCard) -> None:
        """Raise UnsupportedParameterError if the call may use what the card has no price for."""
        asked = self.service_tier
        if asked is not None and (asked not in card.tiers or asked == CACHED_TIER):
            why = f"has no {asked[:_SHOWN]!r} for this model"
            raise UnsupportedParameterError("service_tier", why)
        unpriced = [name for name, most in self.extras.items() if most and name not in card.prices]
        if unpriced:
            why = f"may not use {unpriced[0]}: this model has no price for it"
            raise UnsupportedParameterError("tools", why)

    def hold(self, card: RateCard, output_cap: int) -> Nanos:
        """Price the worst case and round up: the dearest that prompt and tier may lead to."""
        return max([self._hold(plain, output_cap) for plain in self._cards(card)])

    def dearest(self, card: RateCard, output_cap: int) -> RateCard:
        """Choose the plain card that `hold` prices by."""
        return max(self._cards(card), key=lambda plain: self._hold(plain, output_cap))

    def affordable_cap(self, card: RateCard, funds: Nanos) -> int:
        """Find the largest output cap whose hold the funds cover; -1 when not even none."""
        return min(self._affordable_cap(plain, funds) for plain in self._cards(card))

    def _cards(self, card: RateCard) -> list[RateCard]:
        """List what the call may be rated by: the prompt may turn out smaller than quoted."""
        if self.service_tier is None:
            return card.within(self.input_tokens, (None,)) if card.above else [card]
        return card.within(self.input_tokens, (None, self.service_tier))

    def _hold(self, plain: RateCard, output_cap: int) -> Nanos:
        share, whole = plain.multiplier
        total = self._fixed(plain) + self._per_token(plain) * output_cap
        return round_up(total * share, UNITS_PER_PRICE * whole)

    def _affordable_cap(self, plain: RateCard, funds: Nanos) -> int:
        share, whole = plain.multiplier
        left = funds * UNITS_PER_PRICE * whole - self._fixed(plain) * share
        if left < 0:
            return -1
        per_token = self._per_token(plain) * share
        return min(self.output_cap, left // per_token) if per_token else self.output_cap

    def _fixed(self, plain: RateCard) -> int:
        fixed = self.input_tokens * plain.dearest_input + plain.price(FEE)
        for name, most in self.extras.items():
            fixed += most * plain.price(name)
        return fixed

    def _per_token(self, plain: RateCard) -> int:
        return plain.dearest_output * self.choices
