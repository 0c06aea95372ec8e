"""Models as customers are shown them."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from api.gateway import Gateway
from api.openapi.outlooks import look_at_entries
from api.openapi.smallest_call import paths_for
from api.openapi.visible_models import Entry
from api.price_text import describe_card
from domain.catalog import MODEL
from domain.errors import RefusalError
from domain.price_rules import PriceRule
from domain.pricing import UNITS_PER_PRICE
from domain.reserve_call import Identity


async def describe_entries(
    gateway: Gateway, caller: Identity, entries: Sequence[Entry]
) -> list[dict[str, Any]]:
    """Describe entries, and whether the caller's key could call each of them now."""
    outlooks = await look_at_entries(gateway, caller, entries)
    return [
        {
            **_describe(entry, outlooks.currency),
            "callable": outlook.callable,
            "reason": describe_reason(outlook.refusals[0]) if outlook.refusals else None,
        }
        for entry, outlook in zip(entries, outlooks.each, strict=True)
    ]


def describe_reason(refusal: RefusalError) -> dict[str, str]:
    """Tell a refusal as a call would be told."""
    return {"code": refusal.code, "message": str(refusal)}


def _describe(entry: Entry, currency: str) -> dict[str, Any]:
    first, is_model = entry.models[0], entry.type == MODEL
    return {
        "id": entry.id,
        "type": entry.type,
        "kind": entry.kind,
        "owned_by": first.owned_by if is_model else "tollbook",
        "tier": first.tier if is_model else None,
        "tags": list(entry.tags),
        "capabilities": entry.capabilities,
        "context_tokens": max(model.context_tokens for model in entry.models),
        "max_output_tokens": max(model.max_output_tokens for model in entry.models),
        "models": [] if is_model else [model.id for model in entry.models],
        "pricing": _pricing(entry.rule, currency) if entry.rule else None,
        "protocols": paths_for(entry),
    }


def _pricing(rule: PriceRule, currency: str) -> dict[str, Any]:
    return {
        "currency": currency,
        "price_units": UNITS_PER_PRICE,
        "price_version": rule.price_version,
        "in_force_since": rule.since.astimezone(UTC),
        **describe_card(rule.card),
    }
