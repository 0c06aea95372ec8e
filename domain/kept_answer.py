"""An answer that may be given again: where it came from, and to which calls it may go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.catalog import Route
from domain.fit_funds import Fitting
from domain.inference_request import REPORTED
from domain.metering import Verdict
from domain.settle_call import Settlement


class Return(NamedTuple):
    """The way by which an answer came: as it was held for, and the route."""

    held: Fitting
    route: Route


@dataclass(frozen=True, slots=True)
class Origin:
    """How an answer came to be, and what it came to."""

    model: str
    provider: str
    upstream_model: str
    output_cap: int
    """Sent with the call: under another one, the answer might have been another."""
    usage: Mapping[str, int]
    """In exclusive buckets, as it was charged."""

    def way_back(self, kept: Sequence[Fitting]) -> Return | None:
        """Find the way that it came among those that a call may take now.

        So it goes to nobody who may not call that model by that route today.
        """
        for held in kept:
            if held.candidate.model.id == self.model and held.output_cap == self.output_cap:
                for route in held.candidate.routes:
                    if (route.provider, route.upstream_model) == self._supply:
                        return Return(held, route)
        return None

    @property
    def _supply(self) -> tuple[str, str]:
        return self.provider, self.upstream_model


def origin_of(way: Return, verdict: Verdict, settled: Settlement) -> Origin | None:
    """Tell what an answer may be kept as: only if it is whole, and charged as it was reported.

    Never one that the provider's own tools may have had a part in: they act, and look things up.
    """
    held, route = way
    doubtful = verdict.basis != REPORTED or verdict.flags or settled.usage != verdict.usage
    if doubtful or any(held.candidate.quote.extras.values()):
        return None
    return Origin(
        held.candidate.model.id,
        route.provider,
        route.upstream_model,
        held.output_cap,
        dict(verdict.usage.buckets),
    )
