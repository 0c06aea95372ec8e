"""Usage in exclusive buckets: no token is in two of them (wire-facts §2.7)."""

from collections.abc import Mapping
from dataclasses import dataclass

INPUT_COMPONENTS = (
    "input",
    "cached_input",
    "cache_write",
    "cache_write_5m",
    "cache_write_1h",
    "audio_input",
    "image_input",
)
OUTPUT_COMPONENTS = ("output", "reasoning", "audio_output", "image_output")
TOKEN_COMPONENTS = frozenset((*INPUT_COMPONENTS, *OUTPUT_COMPONENTS))
COMPONENTS = frozenset((*TOKEN_COMPONENTS, "request"))
"""What a rate card can price; everything is in tokens but `request`, the fee of a call."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Metered quantities by component, zero buckets left out."""

    buckets: Mapping[str, int]

    def __post_init__(self) -> None:
        for component, quantity in self.buckets.items():
            assert component in TOKEN_COMPONENTS, f"{component} is not metered"
            assert quantity >= 0, f"{component} is negative"

    @property
    def input_tokens(self) -> int:
        """The whole prompt, cached or not."""
        return sum(self.buckets.get(c, 0) for c in INPUT_COMPONENTS)

    @property
    def output_tokens(self) -> int:
        """Everything the model produced, seen or not."""
        return sum(self.buckets.get(c, 0) for c in OUTPUT_COMPONENTS)

    def capped(self, output_max: int) -> "Usage":
        """Drop output beyond what we asked for; plain output goes first."""
        excess = self.output_tokens - output_max
        if excess <= 0:
            return self
        buckets = dict(self.buckets)
        for component in OUTPUT_COMPONENTS:
            cut = min(excess, buckets.get(component, 0))
            if cut:
                buckets[component] -= cut
                excess -= cut
        return exclusive(**buckets)


def exclusive(**buckets: int) -> Usage:
    """Build a usage from buckets that are already exclusive."""
    return Usage({component: quantity for component, quantity in buckets.items() if quantity})
