"""Examples of bodies whose fields hang together, so that none can be made up field by field."""

from collections.abc import Mapping
from typing import Any, Final

_PRICES: Final = {"gpt-4o-mini": {"input": "0.12", "cached_input": "0.06", "output": "0.48"}}

EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "POST /openapi/v1/balance/check": {
        "model": "gpt-4o-mini",
        "input_tokens": 1200,
        "max_output_tokens": 500,
    },
    "PATCH /openapi/v1/security/policy": {"masks": ["card", "iban"], "retention_days": 30},
    "PATCH /openapi/v1/routing/policy": {"regions": ["eu"], "fallback": True, "retries": 1},
    "PATCH /openapi/v1/webhooks": {
        "url": "https://billing.example.com/webhooks",
        "event_types": ["balance.alert", "statement.issued"],
    },
    "POST /admin/v1/correction-batches": {
        "to_price_version": "pv_3f1c5a2b9d7e",
        "model": "gpt-4o-mini",
        "period": "2026-11",
        "reason": "Agreed on by telephone",
        "dry_run": True,
    },
    "POST /admin/v1/price-versions": {"prices": _PRICES},
    "POST /admin/v1/what-if": {"period": "2026-11", "prices": _PRICES},
}
"""By method and path."""
