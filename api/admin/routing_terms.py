"""A routing policy in JSON: what operators and customers may say, and how it is shown."""

from collections.abc import Collection, Iterable
from typing import Annotated, Any, Final

from pydantic import Field, field_validator

from api.admin.body import Fields
from api.errors import InvalidFieldError
from domain.catalog import Catalog
from domain.routing_policy import RETRIES_MAX, RoutingPolicy

LIST_MAX: Final = 100
NAME_MAX: Final = 256

Names = Annotated[list[Annotated[str, Field(max_length=NAME_MAX)]], Field(max_length=LIST_MAX)]


class RolloutFields(Fields):
    """Which percentage of the calls that leave the model to us may use this one."""

    model: Annotated[str, Field(max_length=NAME_MAX)]
    percent: Annotated[int, Field(ge=0, le=100)]


class PolicyFields(Fields):
    """What a policy may say; what is left out is as if there were no policy."""

    regions: Names = Field(default_factory=list[str])
    fallback: bool = True
    retries: Annotated[int, Field(ge=0, le=RETRIES_MAX)] = 0
    rollout: Annotated[list[RolloutFields], Field(max_length=LIST_MAX)] = Field(
        default_factory=list[RolloutFields]
    )
    models: Names = Field(default_factory=list[str])

    @field_validator("rollout")
    @classmethod
    def _once_each(cls, rollout: list[RolloutFields]) -> list[RolloutFields]:
        if len({step.model for step in rollout}) < len(rollout):
            message = "names a model twice"
            raise ValueError(message)
        return rollout

    def changes(self, catalog: Catalog, names: Iterable[str]) -> dict[str, Any]:
        """Give these fields as the domain has them; raises InvalidFieldError for unknown names."""
        regions = {route.region for model in catalog.models.values() for route in model.routes}
        _check_known("regions", self.regions, regions - {None})
        _check_known("rollout", (step.model for step in self.rollout), catalog.models)
        _check_known("models", self.models, catalog.models)
        whole = {
            "regions": tuple(dict.fromkeys(self.regions)),
            "fallback": self.fallback,
            "retries": self.retries,
            "rollout": {step.model: step.percent for step in self.rollout},
            "models": tuple(dict.fromkeys(self.models)),
        }
        return {name: whole[name] for name in names}


def describe_policy(policy: RoutingPolicy) -> dict[str, Any]:
    """Write a policy as it is read."""
    steps = [{"model": model, "percent": percent} for model, percent in policy.rollout.items()]
    return {**policy.facts(), "rollout": steps}


def _check_known(param: str, names: Iterable[str], known: Collection[str | None]) -> None:
    """Refuse a policy that names nothing: a misspelt name would leave a customer without routes."""
    for name in names:
        if name not in known:
            raise InvalidFieldError(f"'{param}': there is no {name[:100]!r}.", param)
