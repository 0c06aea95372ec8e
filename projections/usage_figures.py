"""Figures of usage: what calls came to, and their sums."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final, Self

from domain.money import Nanos
from domain.pricing import round_half_even
from domain.usage import COUNTERS, INPUT_COMPONENTS, OUTPUT_COMPONENTS


@dataclass(frozen=True, slots=True)
class Figures:
    """What calls came to; a charge and its tokens count on the day when it was booked."""

    calls: int = 0
    charges: int = 0
    releases: int = 0
    amount: Nanos = 0
    corrected: Nanos = 0
    """Positive is what came back."""
    input: int = 0
    cached_input: int = 0
    cached_audio_input: int = 0
    cached_image_input: int = 0
    cache_write: int = 0
    cache_write_5m: int = 0
    cache_write_30m: int = 0
    cache_write_1h: int = 0
    cache_write_12h: int = 0
    audio_input: int = 0
    image_input: int = 0
    video_input: int = 0
    output: int = 0
    reasoning: int = 0
    citation: int = 0
    audio_output: int = 0
    image_output: int = 0
    web_search: int = 0
    web_fetch: int = 0
    code_execution: int = 0
    file_search: int = 0

    @classmethod
    def sum(cls, parts: Iterable[Self]) -> Self:
        """Add figures up."""
        columns = zip(*([getattr(part, name) for name in NAMES] for part in parts), strict=True)
        return cls(*map(sum, columns))

    @property
    def total(self) -> Nanos:
        """What was charged, less what came back."""
        return self.amount - self.corrected

    @property
    def average(self) -> Nanos | None:
        """What a charged call came to, corrections left out; None where none was charged."""
        return round_half_even(self.amount, self.charges) if self.charges else None

    @property
    def tokens(self) -> dict[str, int]:
        """Tokens by component, none of them counted twice, zeros left out."""
        components = (*INPUT_COMPONENTS, *OUTPUT_COMPONENTS)
        return {name: count for name in components if (count := getattr(self, name))}

    @property
    def tool_requests(self) -> dict[str, int]:
        """Requests to providers' tools by component, zeros left out."""
        return {name: count for name in COUNTERS if (count := getattr(self, name))}

    @property
    def input_tokens(self) -> int:
        """Whole prompts, cached or not."""
        return sum(getattr(self, component) for component in INPUT_COMPONENTS)

    @property
    def output_tokens(self) -> int:
        """Everything that models produced."""
        return sum(getattr(self, component) for component in OUTPUT_COMPONENTS)


NAMES: Final = tuple(field.name for field in fields(Figures))
