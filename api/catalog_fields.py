"""The fields of a catalogue file, each checked where it stands."""

from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from domain.catalog import EMBEDDINGS
from domain.money import NANOS_PER_UNIT, Nanos, parse_amount, parse_currency
from domain.pricing import round_half_even
from domain.usage import COMPONENTS

PRICE_MAX: Final[Nanos] = 10**9 * NANOS_PER_UNIT
"""The dearest believable price of 1,000,000 units: beyond it somebody mistook the unit."""
DISCOUNT_MAX: Final[Nanos] = 100 * NANOS_PER_UNIT
TOKENS_MAX: Final = 2**31 - 1
SUPPORTED: Final = ("openai", "sandbox")
OPENAI_HOST: Final = "api.openai.com"
AUTO: Final = "auto"
"""Callers say this to be given any model of a tier, so no model may be called so."""


def _decimal(value: object) -> Nanos:
    """Read money; a bare number may have lost digits before we ever see it."""
    if not isinstance(value, str):
        message = 'must be a decimal in quotes, such as "0.15"'
        raise ValueError(message)  # noqa: TRY004  # pydantic collects ValueError only
    nanos = parse_amount(value)
    if nanos < 0:
        message = "must not be negative"
        raise ValueError(message)
    return nanos


def _believable(price: Nanos) -> Nanos:
    if price > PRICE_MAX:
        message = "is beyond any price of 1,000,000 units"
        raise ValueError(message)
    return price


def _known_components(prices: dict[str, Nanos]) -> dict[str, Nanos]:
    unknown = sorted(prices.keys() - COMPONENTS)
    if unknown:
        message = f"{unknown[0]!r} is no component; there are {', '.join(sorted(COMPONENTS))}"
        raise ValueError(message)
    if not prices:
        message = "names no component; leave it out for a model without a price"
        raise ValueError(message)
    return prices


def _plain_url(url: str) -> str:
    """Accept an absolute http address without secrets, query or fragment."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isascii():
        message = "must be an http:// or https:// address"
        raise ValueError(message)
    if parts.username or parts.password or parts.query or parts.fragment or parts.port == 0:
        message = "must be an address without user, query or fragment"
        raise ValueError(message)
    return url.rstrip("/")


def _supported(protocol: str) -> str:
    if protocol not in SUPPORTED:
        message = f"{protocol!r} is not supported yet; there are {', '.join(SUPPORTED)}"
        raise ValueError(message)
    return protocol


def _not_reserved(model_id: str) -> str:
    if model_id == AUTO:
        message = f"{AUTO!r} has a meaning of its own"
        raise ValueError(message)
    return model_id


Strict = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)
Price = Annotated[int, BeforeValidator(_decimal), AfterValidator(_believable)]
Prices = Annotated[dict[str, Price], AfterValidator(_known_components)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Visible = Annotated[str, Field(pattern=r"^[!-~]{1,256}$")]
Tokens = Annotated[int, Field(ge=1, le=TOKENS_MAX)]


class ProviderFields(BaseModel):
    """`[[providers]]`: who serves models, and where."""

    model_config = Strict
    name: Name
    protocol: Annotated[
        Literal["openai", "anthropic", "gemini", "bedrock", "dashscope", "sandbox"],
        AfterValidator(_supported),
    ]
    base_url: Annotated[str, AfterValidator(_plain_url)] | None = None
    api_key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    output_cap_field: Literal["max_tokens", "max_completion_tokens"] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        sandbox = self.protocol == "sandbox"
        if sandbox and (self.base_url or self.api_key_env or self.output_cap_field):
            message = "the sandbox is built in: it takes a name and a protocol only"
            raise ValueError(message)
        if not sandbox and self.base_url is None:
            message = "base_url is missing"
            raise ValueError(message)
        return self

    @property
    def url(self) -> str:
        """The address without a slash at its end; empty for the sandbox."""
        return self.base_url or ""

    @property
    def cap_field(self) -> str:
        """OpenAI's newer models refuse `max_tokens`; the servers that imitate it know that one."""
        official = urlsplit(self.url).hostname == OPENAI_HOST
        return self.output_cap_field or ("max_completion_tokens" if official else "max_tokens")


class RouteFields(BaseModel):
    """`[[models.routes]]`: one way to a model, and what the supplier bills."""

    model_config = Strict
    provider: Name
    model: Annotated[str, Field(pattern=r"^[!-~]{1,512}$")]
    cost: Prices | None = None


class ModelFields(BaseModel):
    """`[[models]]`: what customers may call, and what they pay."""

    model_config = Strict
    id: Annotated[Visible, AfterValidator(_not_reserved)]
    kind: Literal["chat", "embeddings", "completions"] = "chat"
    context_tokens: Tokens
    max_output_tokens: Annotated[int, Field(ge=0, le=TOKENS_MAX)] = 0
    tier: Name = "standard"
    owned_by: Annotated[str, Field(min_length=1, max_length=100)] = "tollbook"
    tags: list[Name] = Field(default_factory=list[str], max_length=50)
    price: Prices | None = None
    list_price: Prices | None = None
    discount: Annotated[int, BeforeValidator(_decimal), Field(le=DISCOUNT_MAX)] | None = None
    routes: Annotated[list[RouteFields], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for wrong, message in (
            (self.price and self.list_price, "has both price and list_price"),
            (self.discount is not None and not self.list_price, "has a discount but no list_price"),
            (self.max_output_tokens > self.context_tokens, "could answer more than its context"),
            (self.kind != EMBEDDINGS and not self.max_output_tokens, "needs max_output_tokens"),
        ):
            if wrong:
                raise ValueError(message)
        missing = [name for name in self._must_price if name not in self.prices]
        if self.prices and missing:
            message = f'has no price for {missing[0]}; write "0" if it is free'
            raise ValueError(message)
        return self

    @property
    def _must_price(self) -> tuple[str, ...]:
        """What would be free by oversight if it were left out."""
        return ("input",) if self.kind == EMBEDDINGS else ("input", "output")

    @property
    def prices(self) -> dict[str, Nanos]:
        """What customers pay: price, or list_price × discount rounded half to even once."""
        if self.list_price is None:
            return self.price or {}
        factor = NANOS_PER_UNIT if self.discount is None else self.discount
        return {
            component: round_half_even(price * factor, NANOS_PER_UNIT)
            for component, price in self.list_price.items()
        }


class CatalogFields(BaseModel):
    """The whole file."""

    model_config = Strict
    currency: Annotated[str, AfterValidator(parse_currency)] = "USD"
    providers: Annotated[list[ProviderFields], Field(min_length=1)]
    models: Annotated[list[ModelFields], Field(min_length=1)]
