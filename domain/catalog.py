"""The catalogue: which models customers may call, at what price, and which routes lead to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from domain.errors import ModelNotFoundError
from domain.margin import Margin
from domain.money import Nanos
from domain.price_page import CardTerms, Lists, ListTerms, card_of
from domain.pricing import RateCard

CHAT, EMBEDDINGS, COMPLETIONS = "chat", "embeddings", "completions"
KINDS = (CHAT, EMBEDDINGS, COMPLETIONS)
AUTO, STANDARD = "auto", "standard"
"""The name that means any model of a tier, and the tier if the caller names none."""
PREFLIGHT = "/preflight"
"""What a model's address is followed by; no name may end in it."""
MODEL, MCP_SERVER, SKILL, AGENT = "model", "mcp_server", "skill", "agent"
RESOURCE_TYPES = (MODEL, MCP_SERVER, SKILL, AGENT)
FIXED, ORDERED, BALANCED, CHEAPEST, FASTEST = "fixed", "ordered", "balanced", "cheapest", "fastest"
CAPABILITIES = ("tools", "images", "documents", "audio", "json_schema", "reasoning")


@dataclass(frozen=True, slots=True)
class Route:
    """One way to a model: a provider and the name that it knows the model by."""

    provider: str
    upstream_model: str
    cost: RateCard | None = None
    """What the supplier bills; None where the operator named no cost."""
    weight: int | None = None
    """Its share of the calls against its model's other routes; None where their order decides."""
    region: str | None = None
    """Where it is served; None where the operator did not say."""
    kind: str = CHAT
    """What its model is for, where one provider has several methods."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model as customers see it, with its routes in order of preference."""

    id: str
    kind: str
    context_tokens: int
    max_output_tokens: int
    routes: tuple[Route, ...]
    prices: Mapping[str, Nanos] = field(default_factory=dict[str, Nanos])
    """List prices, in nanos per 1,000,000 units; the ledger's version of them is what counts."""
    terms: CardTerms = field(default_factory=CardTerms)
    """What is said of them besides, as in the price book."""
    owned_by: str = "tollbook"
    tier: str = STANDARD
    tags: tuple[str, ...] = ()
    created: int = 0
    margin: Margin = Margin()  # noqa: RUF009  # it never changes
    capabilities: frozenset[str] | None = None
    """What it can take and give; None where nothing is known to be missing."""

    @property
    def card(self) -> RateCard:
        """What the catalogue's prices and terms come to."""
        return card_of(self.prices, self.terms)

    @property
    def providers(self) -> tuple[str, ...]:
        """Every provider with a route to this model, in order and once each."""
        return tuple(dict.fromkeys(route.provider for route in self.routes))


@dataclass(frozen=True, slots=True)
class Alias:
    """A name under which any of several models may answer; the strategy says which."""

    id: str
    strategy: str
    models: tuple[str, ...]
    """Their ids, in the operator's order."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that customers are told of besides models, in the operator's words."""

    id: str
    """Of no model, alias or other resource."""
    type: str
    name: str
    description: str = ""
    url: str | None = None
    version: str | None = None
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """The models and aliases that it is made for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a caller's words leave to choose from; of one model, there is nothing to choose."""

    requested: str
    """The model as the caller named it."""
    strategy: str
    models: tuple[Model, ...]

    @property
    def open(self) -> bool:
        """Whether the caller left the model to us."""
        return self.strategy != FIXED


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models by id, priced in one currency."""

    currency: str
    models: Mapping[str, Model]
    aliases: Mapping[str, Alias] = field(default_factory=dict[str, Alias])
    lists: Lists = field(default_factory=dict[str, ListTerms])
    """Prices for the customers of a list, as in the price book."""
    resources: Mapping[str, Resource] = field(default_factory=dict[str, Resource])

    def choose(self, name: str, kinds: Collection[str], tier: str = STANDARD) -> Choice:
        """List the models that a call may mean by a name, or raise ModelNotFoundError.

        `tier` matters to `auto` alone.
        """
        if name == AUTO:
            return _choice(name, BALANCED, self.auto(tier), kinds)
        if alias := self.aliases.get(name):
            found = [self.models[model_id] for model_id in alias.models]
            return _choice(name, alias.strategy, found, kinds)
        return Choice(name, FIXED, (self.find(name, kinds),))

    def auto(self, tier: str = STANDARD) -> list[Model]:
        """List the models that `auto` may mean."""
        return [model for model in self.priced() if model.tier == tier]

    def find(self, name: str, kinds: Collection[str]) -> Model:
        """Find a model by its id, or by `owner/id`, or raise ModelNotFoundError."""
        model = self.models.get(name)
        if model is None:
            owner, _, model_id = name.partition("/")
            model = self.models.get(model_id)
            if model is None or model.owned_by != owner or "/" in model_id:
                raise ModelNotFoundError(name)
        if model.kind not in kinds:
            raise ModelNotFoundError(name)
        return model

    def aliases_of(self, models: Sequence[Model]) -> list[Model]:
        """List the aliases that lead to one of these models, as if they were models."""
        return [
            _as_model(alias, leads)
            for alias in self.aliases.values()
            if (leads := [model for model in models if model.id in alias.models])
        ]

    def priced(self) -> list[Model]:
        """List the models that can be called at all: one without a price is not offered."""
        return [model for model in self.models.values() if model.prices]


def _as_model(alias: Alias, models: Sequence[Model]) -> Model:
    """Describe an alias by what its models can do at most."""
    return Model(
        alias.id,
        models[0].kind,
        max(model.context_tokens for model in models),
        max(model.max_output_tokens for model in models),
        (),
    )


def _choice(name: str, strategy: str, found: list[Model], kinds: Collection[str]) -> Choice:
    models = tuple(model for model in found if model.kind in kinds)
    if not models:
        raise ModelNotFoundError(name)
    return Choice(name, strategy, models)
