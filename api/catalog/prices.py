"""The prices of a catalogue file: components, steps, service tiers, pools and price lists."""

from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from domain.money import NANOS_PER_UNIT, Nanos, parse_amount
from domain.price_page import Cards, Lists, ListTerms, Terms, terms_of
from domain.pricing import WHOLE, RateCard, Ratio, ServiceTier, Step, ratio_of
from domain.usage import COMPONENTS

PRICE_MAX: Final[Nanos] = 10**9 * NANOS_PER_UNIT
"""The dearest believable price of 1,000,000 units: beyond it somebody mistook the unit."""
SHARE_MAX: Final[Nanos] = 100 * NANOS_PER_UNIT
TOKENS_MAX: Final = 2**31 - 1
STEPS_MAX: Final = 16
STANDARD_TIERS: Final = frozenset({"standard", "default", "auto"})
"""Words for the tier that needs no price of its own."""


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


def _share(value: object) -> Ratio:
    """Read what of list prices is paid, exactly: "0.60" is three fifths."""
    nanos = _decimal(value)
    if nanos > SHARE_MAX:
        message = "is more than a hundred times the list price"
        raise ValueError(message)
    return ratio_of(nanos, NANOS_PER_UNIT)


def _known_components(prices: dict[str, Nanos]) -> dict[str, Nanos]:
    unknown = sorted(prices.keys() - COMPONENTS)
    if unknown:
        message = f"{unknown[0]!r} is no component; there are {', '.join(sorted(COMPONENTS))}"
        raise ValueError(message)
    if not prices:
        message = "names no component; leave it out for a model without a price"
        raise ValueError(message)
    return prices


def _short(value: object) -> object:
    """Read `flex = "0.5"` as what it is short for."""
    return {"multiplier": value} if isinstance(value, str) else value


def _tier_name(name: str) -> str:
    if name in STANDARD_TIERS:
        message = f"{name!r} is what the price itself is for"
        raise ValueError(message)
    return name


def _rising(steps: "list[StepFields]") -> "list[StepFields]":
    tokens = [step.tokens for step in steps]
    if tokens != sorted(set(tokens)):
        message = "must be in order of their tokens, each once"
        raise ValueError(message)
    return steps


Strict = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)
_WRITTEN = WithJsonSchema(
    {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "examples": ["0.60"]}
)
Price = Annotated[int, BeforeValidator(_decimal), AfterValidator(_believable), _WRITTEN]
Prices = Annotated[dict[str, Price], AfterValidator(_known_components)]
Share = Annotated[tuple[int, int], BeforeValidator(_share), _WRITTEN]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Visible = Annotated[str, Field(pattern=r"^[!-~]{1,256}$")]
Tokens = Annotated[int, Field(ge=1, le=TOKENS_MAX)]
TierName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$"), AfterValidator(_tier_name)]


class StepFields(BaseModel):
    """`above`: the prices of a call once its prompt has more tokens than this."""

    model_config = Strict
    tokens: Tokens
    price: Prices

    @property
    def step(self) -> Step:
        """The same in the words of the domain."""
        return Step(self.tokens, self.price)


Steps = Annotated[list[StepFields], Field(max_length=STEPS_MAX), AfterValidator(_rising)]


class TierFields(BaseModel):
    """`service_tiers.…`: a share of the prices, or prices of its own."""

    model_config = Strict
    multiplier: Share | None = None
    price: Prices | None = None
    above: Steps = Field(default_factory=list[StepFields])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.multiplier is None) == (self.price is None):
            message = "needs either a multiplier or prices"
            raise ValueError(message)
        if self.above and self.price is None:
            message = "has steps but no prices"
            raise ValueError(message)
        return self

    @property
    def tier(self) -> ServiceTier:
        """The same in the words of the domain."""
        steps = tuple(step.step for step in self.above)
        return ServiceTier(self.multiplier or WHOLE, self.price or {}, steps)


ServiceTiers = Annotated[
    dict[TierName, Annotated[TierFields, BeforeValidator(_short)]], Field(max_length=16)
]


class TermsFields(BaseModel):
    """What can be said of prices besides."""

    model_config = Strict
    discount: Share | None = None
    above: Steps = Field(default_factory=list[StepFields])
    service_tiers: ServiceTiers = Field(default_factory=dict[str, TierFields])

    @property
    def has_terms(self) -> bool:
        """Whether it says more than a discount."""
        return bool(self.above or self.service_tiers)

    def card_of(self, prices: Mapping[str, Nanos], discount: Ratio | None = None) -> RateCard:
        """Make the card of list prices; a discount is of all of it."""
        return RateCard(
            prices,
            discount or self.discount or WHOLE,
            tuple(step.step for step in self.above),
            {name: tier.tier for name, tier in self.service_tiers.items()},
        )


class PricedFields(TermsFields):
    """A table with a price."""

    price: Prices | None = None

    @property
    def listed(self) -> dict[str, Nanos]:
        """The list prices, none where there is no price."""
        return self.price or {}

    def card(self, discount: Ratio | None = None) -> RateCard:
        """Make the card of what is listed."""
        return self.card_of(self.listed, discount)


class PoolFields(BaseModel):
    """`[[pools]]`: models that are sold at one share of their list prices."""

    model_config = Strict
    name: Name
    discount: Share
    models: Annotated[list[Visible], Field(min_length=1)]


class ListedFields(PricedFields):
    """`[[price_lists.prices]]`: what one model costs the customers of a list."""

    model: Visible

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.price is None and self.discount is None:
            message = "needs a price, or a discount of the model's own"
            raise ValueError(message)
        if self.price is None and self.has_terms:
            message = "has terms but no price of its own"
            raise ValueError(message)
        return self


class PriceListFields(BaseModel):
    """`[[price_lists]]`: prices for customers who are given this list."""

    model_config = Strict
    name: Name
    discount: Share | None = None
    models: Annotated[list[Visible], Field(min_length=1)] | None = None
    prices: list[ListedFields] = Field(default_factory=list[ListedFields])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.discount is None and not self.prices:
            message = "has neither a discount nor prices"
            raise ValueError(message)
        if self.models is not None and self.discount is None:
            message = "names models but no discount for them"
            raise ValueError(message)
        return self


def lists_of(price_lists: list[PriceListFields], public: Mapping[str, RateCard]) -> Lists:
    """Write down the price lists; `public` are the cards of all models, by name."""
    return {each.name: _list(each, public) for each in price_lists}


def _list(fields: PriceListFields, public: Mapping[str, RateCard]) -> ListTerms:
    cards: Cards = {}
    terms: Terms = {}
    for listed in fields.prices:
        card = listed.card() if listed.price is not None else _at(public, listed)
        cards[listed.model] = dict(card.prices)
        if said := terms_of(card):
            terms[listed.model] = said
    return ListTerms(
        multiplier=None if fields.discount is None else list(fields.discount),
        models=None if fields.models is None else sorted(fields.models),
        cards=cards,
        terms=terms,
    )


def _at(public: Mapping[str, RateCard], listed: ListedFields) -> RateCard:
    """Give a share of the list prices; it does not come on top of the public discount."""
    card = public[listed.model]
    return RateCard(card.prices, listed.discount or WHOLE, card.above, card.tiers)
