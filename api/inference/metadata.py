"""What an answer says about itself besides its content: headers and JoyToken's metadata."""

from typing import Any

import orjson

from domain.metered_call import MeteredCall
from domain.money import format_amount
from domain.settle_call import Settlement

Headers = list[tuple[bytes, bytes]]


def routing_headers(call: MeteredCall) -> Headers:
    """Name the model and the provider that answered."""
    assert call.route is not None, "an answered call has a route"
    headers = [
        (b"x-daoe-used-model", call.model.id.encode()),
        (b"x-daoe-used-provider", call.route.provider.encode()),
        (b"x-billing-output-cap", str(call.output_cap).encode()),
        (b"x-billing-price-version", call.reservation.price_version.encode()),
    ]
    if call.failed_over:
        headers.append((b"x-daoe-failover", b"1"))
    return headers


def billing_headers(settlement: Settlement | None) -> Headers:
    """Name the charge and what is left; nothing while a settling waits in the spool."""
    if settlement is None:
        return []
    return [
        (b"x-billing-charge", format_amount(settlement.amount).encode()),
        (b"x-billing-balance", format_amount(settlement.available).encode()),
        (b"x-billing-currency", settlement.currency.encode()),
    ]


def metadata_of(call: MeteredCall, request_id: str) -> dict[str, Any]:
    """Write JoyToken's metadata; one credit is one unit of the wallet's currency.

    The latter two times are since the hold, which the first one ends with.
    """
    written: dict[str, Any] = {
        "request_id": request_id,
        "model": call.model.id,
        "requested_model": call.reservation.requested,
        "tier": call.model.tier,
        "score": call.candidate.score,
        "latency": {
            "routing_ms": call.steps.routing_ms,
            "first_byte_ms": call.first_byte_ms,
            "total_ms": call.elapsed_ms,
        },
    }
    if call.recalled:
        written["cached"] = True
    kept = call.reservation.kept
    if len(kept) > 1:
        written["model_recommendation"] = [
            {"model": found.candidate.model.id, "score": found.candidate.score} for found in kept
        ]
    if settled := call.settlement:
        written["billing"] = {
            "credits_used": format_amount(settled.amount),
            "currency": settled.currency,
            "input_tokens": settled.usage.input_tokens,
            "output_tokens": settled.usage.output_tokens,
            "price_version": call.reservation.price_version,
            "balance": format_amount(settled.available),
        }
    return written


def with_metadata(body: bytes, metadata: dict[str, Any]) -> bytes:
    """Merge the metadata into a whole answer's own."""
    fields = orjson.loads(body)
    given = fields.get("metadata")
    fields["metadata"] = {**given, **metadata} if isinstance(given, dict) else metadata
    return orjson.dumps(fields)
