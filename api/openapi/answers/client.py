"""Answers about the customer that a key belongs to."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Month
from api.openapi.answers.api_keys import KeyAnswer


class ClientAnswer(Answer):
    """Who asks."""

    customer_id: Annotated[str, Field(examples=["cus_019afe4cbb0f7c3f8f0ad2f9e4ab0000"])]
    name: Annotated[str | None, Field(description="None where it was erased.")]
    currency: str
    status: Annotated[
        Literal["active", "frozen", "in_debt"],
        Field(description="Calls are held for only while it is active."),
    ]
    api_key: Annotated[KeyAnswer, Field(description="The key that asks.")]


class BillingContactAnswer(Answer):
    """Whom bills are for."""

    name: str | None
    email: str | None
    address: str | None
    vat_id: str | None


class NextZoneAnswer(Answer):
    """A change of the time zone that is still to come."""

    time_zone: str
    from_month: Month


class ProfileAnswer(Answer):
    """A customer's profile."""

    customer_id: str
    name: Annotated[str | None, Field(description="As the operator registered it.")]
    currency: str
    time_zone: Annotated[
        str, Field(description="Whose midnights cut the months.", examples=["Europe/Berlin"])
    ]
    next_time_zone: NextZoneAnswer | None
    billing_contact: BillingContactAnswer | None
    webhook_url: str | None
