"""Usage in exclusive buckets: no token is in two of them (wire-facts §2.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, LiteralString

Names = tuple[LiteralString, ...]

INPUT_COMPONENTS: Final[Names] = (
    "input",
    "cached_input",
    "cached_audio_input",
    "cached_image_input",
    "cache_write",
    "cache_write_5m",
    "cache_write_30m",
    "cache_write_1h",
    "cache_write_12h",
    "audio_input",
    "image_input",
    "video_input",
)
OUTPUT_COMPONENTS: Final[Names] = (
    "output",
    "reasoning",
    "citation",
    "audio_output",
    "image_output",
)
TOKEN_COMPONENTS: Final[frozenset[str]] = frozenset((*INPUT_COMPONENTS, *OUTPUT_COMPONENTS))
COUNTERS: Final[Names] = ("web_search", "web_fetch", "code_execution", "file_search")
"""Requests to a provider's own tools: no tokens; the unit of each is one request."""
METERED: Final[Names] = (*INPUT_COMPONENTS, *OUTPUT_COMPONENTS, *COUNTERS)
"""Everything that usage is counted in, in the order in which it is shown."""
COMPONENTS: Final[frozenset[str]] = frozenset((*METERED, "request"))
"""What a rate card can price: tokens, the counters, and `request`, the fee of a call."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Metered quantities by component, zero buckets left out."""

    buckets: Mapping[str, int]

    def __post_init__(self) -> None:
        for component, quantity in self.buckets.items():
            assert component in _METERED, f"{component} is not metered"
            assert quantity >= 0, f"{component} is negative"

    @property
    def input_tokens(self) -> int:
        """The whole prompt, cached or not."""
        return sum(n for component, n in self.buckets.items() if component in _INPUTS)

    @property
    def output_tokens(self) -> int:
        """Everything the model produced, seen or not."""
        return sum(n for component, n in self.buckets.items() if component in _OUTPUTS)

    @property
    def inputs(self) -> dict[str, int]:
        """The prompt by component, zeros left out."""
        return {name: self.buckets[name] for name in INPUT_COMPONENTS if name in self.buckets}

    @property
    def cached_tokens(self) -> int:
        """So much of the prompt as was read from a cache."""
        return sum(self.buckets.get(c, 0) for c in _CACHED)

    @property
    def written_tokens(self) -> int:
        """So much of the prompt as was written to a cache."""
        return sum(self.buckets.get(c, 0) for c in _WRITTEN)

    @property
    def counters(self) -> dict[str, int]:
        """Requests to the provider's tools, zeros left out."""
        return {name: self.buckets[name] for name in COUNTERS if name in self.buckets}

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

    def within(self, most: Mapping[str, int]) -> "Usage":
        """Drop requests to the provider's tools beyond so many of each."""
        kept = {name: min(count, most.get(name, 0)) for name, count in self.counters.items()}
        return exclusive(**{**self.buckets, **kept}) if kept else self


def exclusive(**buckets: int) -> Usage:
    """Build a usage from buckets that are already exclusive."""
    return Usage({component: quantity for component, quantity in buckets.items() if quantity})


_METERED = frozenset(METERED)
_INPUTS = frozenset(INPUT_COMPONENTS)
_OUTPUTS = frozenset(OUTPUT_COMPONENTS)
_CACHED = tuple(c for c in INPUT_COMPONENTS if c.startswith("cached_"))
_WRITTEN = tuple(c for c in INPUT_COMPONENTS if c.startswith("cache_write"))
