"""A quote: what a call may cost at most, and how much output the funds allow."""

from dataclasses import dataclass

from domain.money import Nanos
from domain.pricing import UNITS_PER_PRICE, RateCard, round_up


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

    def hold(self, card: RateCard, output_cap: int) -> Nanos:
        """Price the worst case and round up."""
        return round_up(self._fixed(card) + self._per_token(card) * output_cap, UNITS_PER_PRICE)

    def affordable_cap(self, card: RateCard, funds: Nanos) -> int:
        """Find the largest output cap whose hold the funds cover; -1 when not even none."""
        left = funds * UNITS_PER_PRICE - self._fixed(card)
        if left < 0:
            return -1
        per_token = self._per_token(card)
        return min(self.output_cap, left // per_token) if per_token else self.output_cap

    def _fixed(self, card: RateCard) -> int:
        return self.input_tokens * card.dearest_input + card.price("request")

    def _per_token(self, card: RateCard) -> int:
        return card.dearest_output * self.choices
