"""POST /webhooks/stripe: money in and out, as Stripe tells it.

The answers are the same for everybody and say nothing. Stripe tells again what was not answered
with 200, for three days, so whatever we cannot take now is refused, and nothing is taken twice.
"""

import logging
from functools import cache

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from adapters.payments.stripe import (
    PROVIDER,
    BadSignatureError,
    NotLiveError,
    StripeWebhooks,
    UnreadableEventError,
)
from api.gateway import Gateway
from api.payment_desk import Notice, PaymentDesk
from api.settings import Settings
from domain import ids
from domain.errors import BillingUnavailableError

BODY_MAX = 1024 * 1024
OK, BAD_REQUEST, NOT_FOUND, TOO_LARGE, UNAVAILABLE = 200, 400, 404, 413, 503
ANSWERS = {
    OK: "ok",
    BAD_REQUEST: "bad request",
    NOT_FOUND: "not found",
    TOO_LARGE: "too large",
    UNAVAILABLE: "unavailable",
}

_log = logging.getLogger("tollbook.payments")

router = APIRouter()


def warm(settings: Settings) -> None:
    """Load what reading events needs, for it takes a moment that no call should wait for."""
    if settings.stripe_webhook_secret:
        _reader(settings.stripe_webhook_secret, settings.stripe_test_mode)


@router.post("/webhooks/stripe")
async def receive(request: Request) -> Response:
    """Take one event, once however often it comes."""
    status = await _receive(request)
    return PlainTextResponse(ANSWERS[status], status)


async def _receive(request: Request) -> int:
    gateway: Gateway = request.app.state.gateway
    settings = gateway.settings
    if not settings.stripe_webhook_secret:
        return NOT_FOUND
    body = await _bounded(request)
    if body is None:
        return TOO_LARGE
    try:
        reader = _reader(settings.stripe_webhook_secret, settings.stripe_test_mode)
        notice = reader.read(body, request.headers.get("stripe-signature", ""))
    except NotLiveError as error:
        _log.warning("a payment event of test mode was left", extra={"event_id": error.event_id})
        return OK
    except (BadSignatureError, UnreadableEventError) as error:
        _log.warning("a payment event was refused", extra={"error": type(error).__name__})
        return BAD_REQUEST
    return OK if notice is None else await _take(gateway, notice)


async def _take(gateway: Gateway, notice: Notice) -> int:
    desk = PaymentDesk(gateway.ledger, gateway.shard, PROVIDER)
    try:
        payment_id, outcome = await desk.take(notice)
    except BillingUnavailableError:
        return UNAVAILABLE
    facts = {"payment_id": ids.public(ids.PAYMENT, payment_id), "outcome": outcome}
    _log.info("a payment event was taken", extra=facts)
    return OK


@cache
def _reader(secrets: tuple[str, ...], test_mode: bool) -> StripeWebhooks:
    return StripeWebhooks(secrets, test_mode=test_mode)


async def _bounded(request: Request) -> bytes | None:
    """Read the body, or None if it is too long; one that was cut off cannot have its signature."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)
