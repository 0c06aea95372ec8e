"""Stripe's webhook events: the signature checked by its own library, and what they say of money.

Two events may tell of one payment, so it goes by its payment intent in all of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, cast

from adapters.payments.minor_units import to_nanos
from adapters.payments.stripe_objects import (
    Charge,
    CheckoutSession,
    Dispute,
    Event,
    PaymentIntent,
    Refund,
)
from adapters.protocols.json_body import parse_object
from domain.errors import InvalidRequestError
from domain.payment import REFUND_FAILED
from domain.refund_payment import MoneyQuestioned, MoneyRefunded
from domain.take_payment import MoneyReceived

PROVIDER: Final = "stripe"
CUSTOMER_KEY: Final = "tollbook_customer_id"
"""The entry of `metadata` that names the customer; it wins over `client_reference_id`."""
TOLERANCE_SECONDS: Final = 300
UNSUPPORTED_MODE: Final = "unsupported_mode"
"""Of a checkout that is no single payment: a subscription's money has another intent each month."""

Notice = MoneyReceived | MoneyRefunded | MoneyQuestioned


class BadSignatureError(Exception):
    """The request is not Stripe's, or was, but too long ago."""


class UnreadableEventError(Exception):
    """Stripe signed it, but it does not look as its documentation says."""


class NotLiveError(Exception):
    """Stripe says it of no real money, and nobody has said that this may be credit."""

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        super().__init__(event_id)


class _Verify(Protocol):
    def __call__(self, payload: bytes, header: str, secret: str, tolerance: int, /) -> object: ...


class StripeWebhooks:
    """Reads what comes to one webhook endpoint; several secrets are those of a rotation."""

    def __init__(
        self,
        secrets: Sequence[str],
        tolerance_seconds: int = TOLERANCE_SECONDS,
        *,
        test_mode: bool = False,
    ) -> None:
        # It takes a quarter of a second and 15 MB, which only those who take payments should pay.
        from stripe import SignatureVerificationError, WebhookSignature  # noqa: PLC0415

        self._secrets = tuple(secrets)
        self._tolerance_seconds = tolerance_seconds
        self._test_mode = test_mode
        # Its tolerance has no type that a checker could read.
        self._verify = cast("_Verify", WebhookSignature.verify_header)  # pyright: ignore[reportUnknownMemberType]
        self._mismatch = SignatureVerificationError

    def read(self, body: bytes, signature: str) -> Notice | None:
        """Give what an event says of money, or None for one that says nothing of it.

        Raises BadSignatureError, UnreadableEventError, or NotLiveError unless in test mode.
        """
        if not any(self._signed(body, signature, secret) for secret in self._secrets):
            raise BadSignatureError
        try:
            event = Event.model_validate(parse_object(body))
            reader = READERS.get(event.type)
            if reader is None:
                return None
            if not (event.livemode or self._test_mode):
                raise NotLiveError(event.id)
            return reader(event.data.object if event.data else {})
        except (ValueError, InvalidRequestError):
            # The cause quotes the event, which is somebody's data.
            raise UnreadableEventError from None

    def _signed(self, body: bytes, signature: str, secret: str) -> bool:
        # The library compares as text, and fails on what is not ASCII or not UTF-8.
        if not signature.isascii():
            return False
        try:
            self._verify(body, signature, secret, self._tolerance_seconds)
        except (self._mismatch, UnicodeDecodeError):
            return False
        return True


def _checkout(found: dict[str, object]) -> Notice | None:
    session = CheckoutSession.model_validate(found)
    if session.payment_status != "paid":
        return None
    currency, amount = session.currency, session.amount_total
    if currency is None or amount is None:
        message = "A paid checkout has an amount."
        raise InvalidRequestError(message)
    intent = session.payment_intent if session.mode == "payment" else None
    return MoneyReceived(
        intent or session.id,
        to_nanos(amount, currency),
        currency,
        (session.metadata or {}).get(CUSTOMER_KEY) or session.client_reference_id,
        None if intent else UNSUPPORTED_MODE,
    )


def _payment_intent(found: dict[str, object]) -> Notice | None:
    intent = PaymentIntent.model_validate(found)
    return MoneyReceived(
        intent.id,
        to_nanos(intent.amount_received, intent.currency),
        intent.currency,
        (intent.metadata or {}).get(CUSTOMER_KEY),
    )


def _charge(found: dict[str, object]) -> Notice | None:
    charge = Charge.model_validate(found)
    refunded = to_nanos(charge.amount_refunded, charge.currency)
    if not refunded:
        return None
    return MoneyRefunded(charge.payment_intent or charge.id, None, refunded, charge.currency)


def _refund(found: dict[str, object]) -> Notice | None:
    refund = Refund.model_validate(found)
    reference = _payment_of(refund)
    amount = to_nanos(refund.amount, refund.currency)
    if refund.status in {"failed", "canceled"}:
        return MoneyQuestioned(reference, REFUND_FAILED, refund.id, amount, refund.currency)
    # A pending refund takes its credit at once: the money must not be spent on its way back.
    if not amount or refund.status not in {"pending", "succeeded"}:
        return None
    return MoneyRefunded(reference, refund.id, amount, refund.currency)


def _dispute(found: dict[str, object]) -> Notice | None:
    dispute = Dispute.model_validate(found)
    amount = to_nanos(dispute.amount, dispute.currency)
    code = f"dispute_{dispute.status}"
    return MoneyQuestioned(_payment_of(dispute), code, dispute.id, amount, dispute.currency)


def _payment_of(found: Refund | Dispute) -> str:
    """Name the payment; the old charges that have no intent go by themselves."""
    reference = found.payment_intent or found.charge
    if reference is None:
        message = "It is of no payment."
        raise InvalidRequestError(message)
    return reference


READERS: Final[dict[str, Callable[[dict[str, Any]], Notice | None]]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "payment_intent.succeeded": _payment_intent,
    "charge.refunded": _charge,
    "charge.refund.updated": _refund,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
}
