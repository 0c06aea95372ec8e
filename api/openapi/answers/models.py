"""Answers about the models that a customer may see."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Decimal, Items, Page, Time
from api.openapi.answers.prices import CardAnswer

EntryType = Annotated[
    Literal["model", "alias", "auto"],
    Field(description="Whether it is a model, or a name under which one of several answers."),
]
Kind = Literal["chat", "embeddings", "completions"]


class ReasonAnswer(Answer):
    """What a call would be refused with."""

    code: Annotated[str, Field(examples=["model_not_allowed"])]
    message: str


class PricingAnswer(CardAnswer):
    """What this customer pays."""

    currency: str
    price_units: Literal[1_000_000]
    price_version: str
    in_force_since: Time


class ModelAnswer(Answer):
    """A model as it can be called: what it can do, what it costs, and whether this key may now."""

    id: Annotated[str, Field(examples=["openai/gpt-4o-mini"])]
    type: EntryType
    kind: Kind
    owned_by: str
    tier: str | None
    tags: list[str]
    capabilities: Annotated[
        list[str] | None, Field(description="None where nothing is known to be missing.")
    ]
    context_tokens: int
    max_output_tokens: int
    models: Annotated[list[str], Field(description="What an alias leads to, best first.")]
    pricing: Annotated[
        PricingAnswer | None,
        Field(description="None for an alias: each of its models has its own."),
    ]
    protocols: Annotated[
        list[str], Field(description="The endpoints that take it.", examples=[["/v1/messages"]])
    ]
    callable: Annotated[bool, Field(description="Whether its smallest call would be made now.")]
    reason: ReasonAnswer | None


class ModelsAnswer(Page[ModelAnswer]):
    """Models in the catalogue's order, then aliases, then `auto`."""


class OneModelAnswer(ModelAnswer):
    """A model, and where there is more about it."""

    preflight_url: str
    billing_rule_url: str | None


class TagAnswer(Answer):
    """A tag, and the models that carry it."""

    tag: str
    count: int
    models: list[str]


class TagsAnswer(Items[TagAnswer]):
    """Tags by name."""


class ProtocolAnswer(Answer):
    """An endpoint that takes the model, and the smallest call there is."""

    name: Annotated[str, Field(examples=["chat"])]
    method: Literal["POST"]
    url: Annotated[str, Field(examples=["https://gateway.example.com/v1/chat/completions"])]
    callable: bool
    blocking_reasons: list[ReasonAnswer]
    example: Annotated[dict[str, object], Field(description="A body that can be sent as it is.")]


class PreflightAnswer(Answer):
    """What would become of a call made now; nothing is held by looking."""

    model: str
    type: EntryType
    kind: Kind
    callable: Annotated[
        bool, Field(description="Whether the first protocol's example is answered.")
    ]
    blocking_reasons: Annotated[
        list[ReasonAnswer],
        Field(description="All that stands in the way; a call is refused with the first."),
    ]
    currency: str
    required_balance: Annotated[
        Decimal | None, Field(description="What the example would be held for; none unpriced.")
    ]
    estimated_minimum_cost: Annotated[
        Decimal | None, Field(description="What the example costs if it is answered in one token.")
    ]
    protocols: list[ProtocolAnswer]
    billing_detail_url: str
    monthly_statement_url: str
