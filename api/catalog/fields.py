"""The fields of a catalogue file, each checked where it stands."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, model_validator

from api.catalog.aliases import AliasFields
from api.catalog.margins import MarginPercent
from api.catalog.prices import (
    TOKENS_MAX,
    Name,
    PoolFields,
    PricedFields,
    PriceListFields,
    Prices,
    Share,
    Strict,
    Tokens,
    Visible,
)
from api.catalog.resources import RESOURCES_MAX, ResourceFields
from api.catalog.urls import PlainUrl
from domain.catalog import AUTO, EMBEDDINGS, PREFLIGHT
from domain.money import Nanos, parse_currency

OPENAI_HOST: Final = "api.openai.com"
WITHOUT_EMBEDDINGS: Final = frozenset({"anthropic", "bedrock"})
"""Protocols in which nobody can ask for vectors, or not yet here."""


def _not_reserved(model_id: str) -> str:
    if model_id == AUTO:  # callers say this to be given any model of a tier
        message = f"{AUTO!r} has a meaning of its own"
        raise ValueError(message)
    if model_id.endswith(PREFLIGHT):  # its address would be that of another one's preflight
        message = f"must not end in {PREFLIGHT!r}"
        raise ValueError(message)
    return model_id


Capability = Literal["tools", "images", "documents", "audio", "json_schema", "reasoning"]


class ProviderFields(BaseModel):
    """`[[providers]]`: who serves models, and where."""

    model_config = Strict
    name: Name
    protocol: Literal["openai", "anthropic", "gemini", "bedrock", "dashscope", "sandbox"]
    base_url: PlainUrl | None = None
    api_key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    output_cap_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    apis: Annotated[list[Literal["chat", "responses"]], Field(min_length=1)] | None = None
    """Which of OpenAI's APIs the server has; the first is for callers of other protocols."""
    discount: Share | None = None
    """What of a model's list price it bills, where a route names no cost."""
    region: Name | None = None
    """Where its routes are served, unless they say otherwise."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        sandbox = self.protocol == "sandbox"
        if sandbox and (self.base_url or self.api_key_env or self.output_cap_field):
            message = "the sandbox is built in: it takes a name and a protocol only"
            raise ValueError(message)
        if self.apis and (self.protocol != "openai" or len(set(self.apis)) < len(self.apis)):
            message = "apis names each API of an OpenAI-compatible server once"
            raise ValueError(message)
        if self.output_cap_field and self.protocol != "openai":
            message = "output_cap_field is for OpenAI-compatible servers: others know one name"
            raise ValueError(message)
        if not sandbox and self.base_url is None:
            message = "base_url is missing"
            raise ValueError(message)
        return self

    @property
    def url(self) -> str:
        """The address without a slash at its end; empty for the sandbox."""
        return self.base_url or ""

    def lacks(self, kind: str) -> bool:
        """Tell whether its protocol has no call for models of a kind."""
        return kind == EMBEDDINGS and self.protocol in WITHOUT_EMBEDDINGS

    @property
    def cap_field(self) -> str:
        """OpenAI's newer models refuse `max_tokens`; the servers that imitate it know that one."""
        return self.output_cap_field or ("max_completion_tokens" if self.official else "max_tokens")

    @property
    def has_apis(self) -> tuple[str, ...]:
        """Not every server that imitates OpenAI knows its newer API."""
        return tuple(self.apis or (["chat", "responses"] if self.official else ["chat"]))

    @property
    def official(self) -> bool:
        """Whether this is OpenAI itself, and no server that imitates it."""
        return urlsplit(self.url).hostname == OPENAI_HOST


class RouteFields(BaseModel):
    """`[[models.routes]]`: one way to a model, and what the supplier bills."""

    model_config = Strict
    provider: Name
    model: Annotated[str, Field(pattern=r"^[!-~]{1,512}$")]
    cost: Prices | None = None
    weight: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    region: Name | None = None


class ModelFields(PricedFields):
    """`[[models]]`: what customers may call, and what they pay."""

    id: Annotated[Visible, AfterValidator(_not_reserved)]
    kind: Literal["chat", "embeddings", "completions"] = "chat"
    context_tokens: Tokens
    max_output_tokens: Annotated[int, Field(ge=0, le=TOKENS_MAX)] = 0
    tier: Name = "standard"
    owned_by: Annotated[str, Field(min_length=1, max_length=100)] = "tollbook"
    tags: list[Name] = Field(default_factory=list[str], max_length=50)
    estimate_margin: MarginPercent | None = None
    image_tokens: Tokens | None = None
    list_price: Prices | None = None
    capabilities: list[Capability] | None = None
    """What it can take and give; left out, nothing is known to be missing."""
    routes: Annotated[list[RouteFields], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for wrong, message in (
            (self.price and self.list_price, "has both price and list_price"),
            (self.discount is not None and not self.list_price, "has a discount but no list_price"),
            (self.max_output_tokens > self.context_tokens, "could answer more than its context"),
            (self.has_terms and not self.listed, "has terms but no price"),
            (self.kind != EMBEDDINGS and not self.max_output_tokens, "needs max_output_tokens"),
            (not self._weighed_alike, "has routes with a weight and routes without one"),
            (not any(r.weight != 0 for r in self.routes), "has no route with a weight above 0"),
        ):
            if wrong:
                raise ValueError(message)
        if problem := self.unpriced_in(self.listed):
            raise ValueError(problem)
        return self

    def unpriced_in(self, prices: Mapping[str, Nanos]) -> str | None:
        """Say what these prices leave out, or None; no prices leave nothing out."""
        missing = [name for name in self._must_price if name not in prices]
        if prices and missing:
            return f'has no price for {missing[0]}; write "0" if it is free'
        return None

    @property
    def _weighed_alike(self) -> bool:
        return len({route.weight is None for route in self.routes}) == 1

    @property
    def _must_price(self) -> tuple[str, ...]:
        """What would be free by oversight if it were left out."""
        return ("input",) if self.kind == EMBEDDINGS else ("input", "output")

    @property
    def listed(self) -> dict[str, Nanos]:
        """The list prices: what a discount is of."""
        return self.list_price or self.price or {}


class CatalogFields(BaseModel):
    """The whole file."""

    model_config = Strict
    currency: Annotated[str, AfterValidator(parse_currency)] = "USD"
    providers: Annotated[list[ProviderFields], Field(min_length=1)]
    models: Annotated[list[ModelFields], Field(min_length=1)]
    aliases: list[AliasFields] = Field(default_factory=list[AliasFields])
    pools: list[PoolFields] = Field(default_factory=list[PoolFields])
    price_lists: list[PriceListFields] = Field(default_factory=list[PriceListFields])
    resources: Annotated[list[ResourceFields], Field(max_length=RESOURCES_MAX)] = Field(
        default_factory=list[ResourceFields]
    )
