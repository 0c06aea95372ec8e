"""A policy's model scope: left to us, one model, or some."""

from collections.abc import Collection, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from api.admin.body import Fields
from api.admin.routing_terms import Names
from api.errors import InvalidFieldError

Mode = Literal["automatic", "single", "selected"]


class ModelScopeFields(Fields):
    """Which models may answer; `automatic` names none, and any may."""

    mode: Mode
    model_ids: Names = Field(default_factory=list[str])

    @model_validator(mode="after")
    def _as_many_as_that(self) -> Self:
        named = len(set(self.model_ids))
        if not {"automatic": named == 0, "single": named == 1, "selected": named > 0}[self.mode]:
            message = "automatic names no model, single names one, and selected at least one"
            raise ValueError(message)
        return self

    def known(self, models: Collection[str]) -> tuple[str, ...]:
        """Give the models, once each, or raise InvalidFieldError for one that there is not."""
        for name in self.model_ids:
            if name not in models:
                message = f"'model_scope': there is no {name[:100]!r}."
                raise InvalidFieldError(message, "model_scope")
        return tuple(dict.fromkeys(self.model_ids))


def describe_scope(models: Sequence[str]) -> dict[str, Any]:
    """Write a scope as it is read."""
    mode: Mode = "selected" if len(models) > 1 else "single" if models else "automatic"
    return {"mode": mode, "model_ids": list(models)}
