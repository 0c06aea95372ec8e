"""Aliases of a catalogue file: names under which any of several models may answer."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from api.catalog.prices import Name, Strict, Visible
from domain.catalog import CHAT, PREFLIGHT, Alias, Model

Fault = tuple[str, str]
"""Where in the file, and what is wrong there."""


class AliasFields(BaseModel):
    """`[[aliases]]`: models by name, or all of a tier and kind, and how to choose among them."""

    model_config = Strict
    id: Visible
    models: Annotated[list[Visible], Field(min_length=1, max_length=100)] | None = None
    tier: Name | None = None
    kind: Literal["chat", "embeddings", "completions"] | None = None
    strategy: Literal["ordered", "balanced", "cheapest", "fastest"] = "balanced"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.models is None) == (self.tier is None):
            message = "names either its models or a tier"
            raise ValueError(message)
        if self.kind and self.models:
            message = "has a kind, which its models have already"
            raise ValueError(message)
        return self


def aliases_of(fields: list[AliasFields], models: Mapping[str, Model]) -> dict[str, Alias]:
    """Find the models of each alias; those without a price are left out of a tier's."""
    return {alias.id: Alias(alias.id, alias.strategy, _found(alias, models)) for alias in fields}


def alias_faults(fields: list[AliasFields], models: Mapping[str, Model]) -> Iterator[Fault]:
    """Find names that mean two things, models that are not there, and aliases of nothing."""
    names = {"auto", *models}
    for index, alias in enumerate(fields):
        path = f"aliases[{index}]"
        if alias.id in names:
            yield f"{path}.id", f"{alias.id!r} has a meaning already"
        if alias.id.endswith(PREFLIGHT):
            yield f"{path}.id", f"must not end in {PREFLIGHT!r}"
        names.add(alias.id)
        yield from _model_faults(path, alias, models)


def _model_faults(path: str, alias: AliasFields, models: Mapping[str, Model]) -> Iterator[Fault]:
    named = alias.models or []
    for place, model_id in enumerate(named):
        if model_id not in models:
            yield f"{path}.models[{place}]", f"there is no model {model_id!r}"
        if model_id in named[:place]:
            yield f"{path}.models[{place}]", f"{model_id!r} is there twice"
    if len({models[model_id].kind for model_id in named if model_id in models}) > 1:
        yield f"{path}.models", "names models of different kinds"
    if not named and not _found(alias, models):
        yield f"{path}.tier", f"no {alias.kind or CHAT} model with a price is of this tier"


def _found(alias: AliasFields, models: Mapping[str, Model]) -> tuple[str, ...]:
    if alias.models is not None:
        return tuple(alias.models)
    kind = alias.kind or CHAT
    return tuple(
        model.id
        for model in models.values()
        if (model.tier, model.kind) == (alias.tier, kind) and model.prices
    )
