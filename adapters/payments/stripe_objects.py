"""The objects in Stripe's events, as far as they say anything about money; the rest is not read."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from adapters.payments.minor_units import read_currency

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,128}$")]
"""Stripe's id of an object, such as `pi_…`: it stays in the log, so it must be no free text."""
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
Minor = Annotated[int, Field(ge=0)]
Currency = Annotated[str, AfterValidator(read_currency)]


class StripeObject(BaseModel):
    """Read strictly where it is read at all: whatever else Stripe adds is its own business."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class CheckoutSession(StripeObject):
    """`checkout.session`."""

    id: Reference
    mode: str
    payment_status: str
    payment_intent: Reference | None = None
    amount_total: Minor | None = None
    currency: Currency | None = None
    client_reference_id: str | None = None
    metadata: dict[str, str] | None = None


class PaymentIntent(StripeObject):
    """`payment_intent`."""

    id: Reference
    amount_received: Minor
    currency: Currency
    metadata: dict[str, str] | None = None


class Charge(StripeObject):
    """`charge`; `amount_refunded` is the sum of its refunds so far."""

    id: Reference
    payment_intent: Reference | None = None
    amount_refunded: Minor
    currency: Currency


class Refund(StripeObject):
    """`refund`."""

    id: Reference
    payment_intent: Reference | None = None
    charge: Reference | None = None
    amount: Minor
    currency: Currency
    status: Code | None = None


class Dispute(StripeObject):
    """`dispute`."""

    id: Reference
    payment_intent: Reference | None = None
    charge: Reference | None = None
    amount: Minor
    currency: Currency
    status: Code


class Data(StripeObject):
    """The snapshot in an event; which object it is, the event's type tells."""

    object: dict[str, object]


class Event(StripeObject):
    """`event`."""

    id: Reference
    type: str
    livemode: bool
    """False for money that is none: events of Stripe's test mode."""
    data: Data | None = None
