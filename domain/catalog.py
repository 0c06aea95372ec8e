"""The catalogue: which models customers may call, at what price, and which routes lead to them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from domain.errors import ModelNotFoundError
from domain.money import Nanos
from domain.pricing import RateCard

CHAT, EMBEDDINGS, COMPLETIONS = "chat", "embeddings", "completions"
KINDS = (CHAT, EMBEDDINGS, COMPLETIONS)


@dataclass(frozen=True, slots=True)
class Route:
    """One way to a model: a provider and the name that it knows the model by."""

    provider: str
    upstream_model: str
    cost: RateCard | None = None
    """What the supplier bills; None where the operator named no cost."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model as customers see it, with its routes in order of preference."""

    id: str
    kind: str
    context_tokens: int
    max_output_tokens: int
    routes: tuple[Route, ...]
    prices: Mapping[str, Nanos] = field(default_factory=dict[str, Nanos])
    """In nanos per 1,000,000 units, by component; the ledger's version of them is what counts."""
    owned_by: str = "tollbook"
    tier: str = "standard"
    tags: tuple[str, ...] = ()
    created: int = 0

    @property
    def providers(self) -> tuple[str, ...]:
        """Every provider with a route to this model, in order and once each."""
        return tuple(dict.fromkeys(route.provider for route in self.routes))


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models by id, priced in one currency."""

    currency: str
    models: Mapping[str, Model]

    def find(self, model_id: str, kinds: Collection[str]) -> Model:
        """Find a model that this kind of call may name, or raise ModelNotFoundError."""
        model = self.models.get(model_id)
        if model is None or model.kind not in kinds:
            raise ModelNotFoundError(model_id)
        return model

    def priced(self) -> list[Model]:
        """List the models that can be called at all: one without a price is not offered."""
        return [model for model in self.models.values() if model.prices]
