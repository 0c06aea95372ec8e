"""The two sides that are matched, as rows; money in nanos, tokens in four classes."""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from domain.money import NANOS_PER_UNIT, Nanos
from domain.usage import OUTPUT_COMPONENTS

INPUT, CACHED, WRITTEN, OUTPUT = "input", "cached_input", "cache_write", "output"
CLASSES: Final[tuple[str, ...]] = (INPUT, CACHED, WRITTEN, OUTPUT)
"""What every supplier tells apart; reasoning, audio and image tokens are within them."""

Usage = Mapping[str, int]


def classes_of(usage: Usage) -> dict[str, int]:
    """Add exclusive buckets up to classes."""
    found: dict[str, int] = dict.fromkeys(CLASSES, 0)
    for component, quantity in usage.items():
        found[class_of(component)] += quantity
    return found


def class_of(component: str) -> str:
    """Name the class of a component."""
    if component in OUTPUT_COMPONENTS:
        return OUTPUT
    if component == CACHED:
        return CACHED
    return WRITTEN if component.startswith(WRITTEN) else INPUT


class Key(NamedTuple):
    """What is matched: a day's calls of one model with one credential, by our names."""

    day: str
    model: str
    credential: str


class Metered(NamedTuple):
    """Attempts of one kind as our books have them; the cost is what is known of it."""

    day: str
    model: str
    credential: str
    outcome: str
    priced: bool
    crossed: bool
    attempts: int
    cost: Nanos
    usage: Usage


class Reported(NamedTuple):
    """A line of a report, with what its report speaks for on that day."""

    report_id: str
    number: int
    day: str
    model: str
    credential: str
    component: str
    usage: Usage | None
    requests: int | None
    amount: Nanos | None

    @property
    def reference(self) -> str:
        """Name the line by its report and its number there."""
        return f"{self.report_id}:{self.number}"


class Lost(NamedTuple):
    """A call of which nobody knows whether the supplier worked; the figures are those held for."""

    request_id: str
    day: str
    model: str
    input_tokens: int
    output_cap: int


class Resolution(NamedTuple):
    """An operator's acceptance of a difference, with the figures that were accepted."""

    resolution_id: str
    state: str
    reason: str
    ours: Mapping[str, int]
    theirs: Mapping[str, int]
    actor: str
    resolved_at: datetime


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two figures may be apart: for amounts so much, and so much of the larger one."""

    absolute: Nanos = NANOS_PER_UNIT // 100
    basis_points: int = 50

    def amounts(self, one: Nanos, other: Nanos) -> bool:
        """Tell whether two amounts agree."""
        return abs(one - other) <= self.absolute + self._share(one, other)

    def tokens(self, one: int, other: int) -> bool:
        """Tell whether two counts agree; no number of tokens is too small to matter."""
        return abs(one - other) <= self._share(one, other)

    def _share(self, one: int, other: int) -> int:
        return self.basis_points * max(abs(one), abs(other)) // 10_000


@dataclass(frozen=True, slots=True)
class Sides:
    """Everything that a tie-out of one provider is made from; `since` is included, `until` not."""

    provider: str
    since: str
    until: str
    metered: Sequence[Metered] = ()
    """Also those of the day before, which may have ended on the first one."""
    reported: Sequence[Reported] = ()
    covered: Mapping[str, AbstractSet[str]] = field(default_factory=dict[str, frozenset[str]])
    """The kinds of figures that reports tell, by day."""
    partial: AbstractSet[str] = frozenset()
    """Days of which a report leaves out some hours."""
    lost: Sequence[Lost] = ()
    resolutions: Mapping[Key, Resolution] = field(default_factory=dict[Key, Resolution])


@dataclass(frozen=True, slots=True)
class Terms:
    """How to match: tolerances, the names that were given, and what the catalogue knows."""

    tolerance: Tolerance = Tolerance()
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    """Their names of models, and what we call them."""
    credentials: Mapping[str, str] = field(default_factory=dict[str, str])
    routes: Mapping[str, AbstractSet[str]] = field(default_factory=dict[str, frozenset[str]])
    """The upstream models that a model of ours leads to at this provider."""
    undiscounted: AbstractSet[str] = frozenset()
    """Upstream models whose cost card has no price of its own for cached tokens."""
