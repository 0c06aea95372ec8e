"""Answers about calls: what was held, used and charged."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Decimal, Money, Month, Page, Time
from api.openapi.answers.balance import KeyId, RequestId


class CallAnswer(Answer):
    """One call, as its customer may see it."""

    request_id: RequestId
    client_request_id: Annotated[
        str | None, Field(description="The `X-Request-ID` that the call came with.")
    ]
    conversation_id: str | None
    created_at: Time
    ended_at: Time | None
    period: Annotated[Month, Field(description="The month that it is booked in.")]
    status: Literal["reserved", "charged", "released", "unknown"]
    model: str
    surface: Annotated[str, Field(examples=["chat"], description="The protocol it came by.")]
    api_key_id: KeyId
    basis: Annotated[
        str | None, Field(examples=["reported"], description="What the charge was computed from.")
    ]
    price_version: Annotated[str, Field(examples=["9f86d081884c7d65"])]
    price_list: str | None
    service_tier: str | None
    input_tokens: int
    output_tokens: int
    usage: Annotated[dict[str, int], Field(examples=[{"input": 12, "output": 34}])]
    currency: str
    hold: Money
    amount: Annotated[Money, Field(description="What was charged.")]
    absorbed: Annotated[Money, Field(description="What its funds did not cover, and we bore.")]
    corrected: Annotated[Money, Field(description="What corrections gave back.")]
    total: Annotated[Money, Field(description="The amount less what was given back.")]
    flags: list[str]
    reason: Annotated[str | None, Field(description="Why it was released.")]
    tags: dict[str, str]
    milliseconds: int | None
    first_byte_ms: int | None


class CallsAnswer(Page[CallAnswer]):
    """Calls, the newest first."""


class HeldForAnswer(Answer):
    """The worst case that the hold was for."""

    model: str
    input_tokens: int
    output_cap: int
    choices: int
    service_tier: str | None
    tool_requests: dict[str, int]
    input_price: Decimal
    output_price: Decimal
    recomputed: Money


class LineAnswer(Answer):
    """What one component came to, exactly."""

    component: Annotated[str, Field(examples=["input"])]
    quantity: int
    price: Money
    priced_as: str
    amount: Decimal


class ExplanationAnswer(Answer):
    """The charge computed again, line by line."""

    price_units: int
    service_tier: str | None
    prices_above_input_tokens: int | None
    lines: list[LineAnswer]
    sum: Decimal
    multiplier: Decimal
    multiplied: Decimal
    rounding: str
    rounded: Money
    limited_to_hold: bool
    absorbed: Money
    recomputed: Money


class CorrectionAnswer(Answer):
    """A correction; a positive amount was given back."""

    correction_id: str
    amount: Money
    total: Money
    period: Month
    price_version: str | None
    created_at: Time


class LinksAnswer(Answer):
    """Where to look further."""

    transactions: str
    rule: str
    statement: str


class ExplainedCallAnswer(CallAnswer):
    """A call, its charge computed again, and every correction since."""

    held_for: HeldForAnswer
    explanation: ExplanationAnswer | None
    corrections: list[CorrectionAnswer]
    links: LinksAnswer
