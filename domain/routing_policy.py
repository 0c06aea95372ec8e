"""A customer's routing policy: which models and routes its calls may take, and how hard to try."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from domain.catalog import Model, Route
from domain.errors import RefusalError

RETRIES_MAX: Final = 3
_MOMENTARY: Final = frozenset({"status_408", "status_409", "status_425"})
_COSTS_NOTHING: Final = frozenset(
    {"not_sent", "status_500", "status_502", "status_503", "status_529"}
)


class RoutingPolicyError(RefusalError):
    """The customer's own routing policy leaves no model for the call."""

    code = "routing_policy"

    def __init__(self, model: str) -> None:
        super().__init__(f"The routing policy of this account leaves no route to {model!r}.")
        self.param = "model"


@dataclass(frozen=True, slots=True)
class RoutingPolicy:
    """What a customer asks of routing; as it stands here, nothing."""

    regions: tuple[str, ...] = ()
    """Only routes in these; none means any. A route that names no region is in none of them."""
    fallback: bool = True
    """Whether another route or model may be tried after the first has failed."""
    retries: int = 0
    """How often the same route is tried again, after failures that cost nothing."""
    rollout: dict[str, int] = field(default_factory=dict[str, int])
    """The percentage of the calls that leave the model to us which may use these models."""
    models: tuple[str, ...] = ()
    """Only these may answer; none means that it is up to us."""

    def routes(self, routes: tuple[Route, ...]) -> tuple[Route, ...]:
        """Keep the routes in its regions."""
        if not self.regions:
            return routes
        return tuple(route for route in routes if route.region in self.regions)

    def allows(self, model: Model, request_id: UUID | None, *, chosen: bool) -> bool:
        """Tell whether a model may answer a call; `chosen` if the caller named it itself.

        Without a request's id, whether it may answer any call at all.
        """
        if self.models and model.id not in self.models:
            return False
        share = self.rollout.get(model.id)
        if chosen or share is None:
            return True
        return (_percentile(model, request_id) if request_id else 0) < share

    def facts(self) -> dict[str, Any]:
        """Give the fields as a fact holds them."""
        return {
            "regions": list(self.regions),
            "fallback": self.fallback,
            "retries": self.retries,
            "rollout": dict(self.rollout),
            "models": list(self.models),
        }


ANY_ROUTE: Final = RoutingPolicy()


def retries_after(outcome: str, policy: RoutingPolicy) -> int:
    """Tell how often a route may be tried again after a failure, by its short code.

    Only after failures for which no supplier bills; after what is over in a moment, always once.
    """
    if outcome in _MOMENTARY:
        return max(1, policy.retries)
    return policy.retries if outcome in _COSTS_NOTHING else 0


def policy_of(facts: Mapping[str, Any]) -> RoutingPolicy:
    """Read what `facts` gave."""
    return RoutingPolicy(
        tuple(facts["regions"]),
        facts["fallback"],
        facts["retries"],
        dict(facts["rollout"]),
        tuple(facts["models"]),
    )


def _percentile(model: Model, request_id: UUID) -> int:
    """Draw a number below 100 for a call and a model: the same one whoever asks again."""
    digest = hashlib.sha256(request_id.bytes + model.id.encode()).digest()
    return int.from_bytes(digest[:8]) % 100
