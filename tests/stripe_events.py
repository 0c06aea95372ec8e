"""What Stripe sends, signed by Stripe's own library."""

import time
from typing import Any

import orjson
from stripe import WebhookSignature

SECRET = "whsec_test_1"


def event(kind: str, found: dict[str, Any], *, live: bool = True) -> bytes:
    """An event as it comes: with much that is nobody's business here."""
    return orjson.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "api_version": "2026-10-28",
            "created": 1_795_000_000,
            "livemode": live,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
            "data": {"object": found},
        }
    )


def signed(body: bytes, secret: str = SECRET, *, age: int = 0) -> dict[str, str]:
    stamp = int(time.time()) - age
    header: str = WebhookSignature.generate_signature_header(body.decode(), secret, stamp)
    return {"stripe-signature": header, "content-type": "application/json; charset=utf-8"}


def checkout(customer: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": "cs_test_1",
        "object": "checkout.session",
        "mode": "payment",
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "amount_total": 1_250,
        "currency": "usd",
        "client_reference_id": customer,
        "metadata": {},
        "customer_details": {"email": "ada@example.com", "name": "Ada"},
        **changes,
    }


def intent(customer: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 1_250,
        "amount_received": 1_250,
        "currency": "usd",
        "status": "succeeded",
        "metadata": {"tollbook_customer_id": customer} if customer else {},
        **changes,
    }


def charge(refunded: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": "ch_1",
        "object": "charge",
        "payment_intent": "pi_1",
        "amount": 1_250,
        "amount_refunded": refunded,
        "currency": "usd",
        "refunded": refunded == 1_250,
        "billing_details": {"email": "ada@example.com"},
        **changes,
    }


def refund(amount: int, refund_id: str = "re_1", **changes: Any) -> dict[str, Any]:
    return {
        "id": refund_id,
        "object": "refund",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "amount": amount,
        "currency": "usd",
        "status": "succeeded",
        **changes,
    }


def dispute(status: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "dp_1",
        "object": "dispute",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "amount": 1_250,
        "currency": "usd",
        "status": status,
        "reason": "fraudulent",
        **changes,
    }
