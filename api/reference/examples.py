"""Examples: what a schema says of itself, and for the rest what such fields hold in life."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_HEX: Final = "019afe4cbb0f7c3f8f0ad2f9e4ab0000"
_HASH: Final = re.compile(r"\^\[0-9a-f\]\{(\d+)\}\$")
KNOWN: Final[Mapping[str, Any]] = {
    "customer_id": f"cus_{_HEX}",
    "wallet_id": f"wal_{_HEX}",
    "request_id": f"req_{_HEX}",
    "api_key_id": f"key_{_HEX}",
    "key_id": f"key_{_HEX}",
    "grant_id": f"grt_{_HEX}",
    "correction_id": f"cor_{_HEX}",
    "payment_id": f"pay_{_HEX}",
    "conversation_id": f"conv_{_HEX}",
    "batch_id": f"cbt_{_HEX}",
    "api_key": "tb_0000N0t4rEalSecretButAsLongAsOneIs00",
    "display": "tb_0000…1s00",
    "name": "Production",
    "currency": "USD",
    "model": "gpt-4o-mini",
    "provider": "openai",
    "day": "2026-11-20",
    "zone": "Europe/Berlin",
    "time_zone": "Europe/Berlin",
    "url": "https://billing.example.com/webhooks",
    "webhook_url": "https://billing.example.com/webhooks",
    "reference": "invoice-2026-118",
    "reason": "Agreed on by telephone",
    "email": "accounts@example.com",
    "address": "1 Example Street, Berlin",
    "vat_id": "DE123456789",
}
"""By the field's name."""
BY_FORMAT: Final[Mapping[str, str]] = {
    "date-time": "2026-11-20T09:30:00.123456Z",
    "date": "2026-11-20",
    "uri": "https://gateway.example.com/v1/chat/completions",
}
PLAIN: Final[Mapping[str, Any]] = {
    "string": "text",
    "integer": 3,
    "number": 0.5,
    "boolean": True,
    "null": None,
}

Schema = Mapping[str, Any]
Follow = Callable[[Schema], Schema]


def example_of(schema: Schema, follow: Follow, name: str = "") -> Any:
    """Make up a value that the schema allows."""
    schema = follow(schema)
    said = _said(schema)
    if said is not None or "const" in schema:
        return said
    for alternatives in ("anyOf", "oneOf", "allOf"):
        if alternatives in schema:
            return example_of(schema[alternatives][0], follow, name)
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, follow)
    if kind == "array":
        return _array(schema, follow, name)
    return _scalar(schema, name)


def _said(schema: Schema) -> Any:
    """Give what the schema itself tells, or None."""
    if "examples" in schema:
        return schema["examples"][0]
    return schema["const"] if "const" in schema else next(iter(schema.get("enum", ())), None)


def _object(schema: Schema, follow: Follow) -> dict[str, Any]:
    fields = schema.get("properties", {})
    return {name: example_of(field, follow, name) for name, field in fields.items()}


def _array(schema: Schema, follow: Follow, name: str) -> list[Any]:
    if "prefixItems" in schema:
        return [example_of(item, follow) for item in schema["prefixItems"]]
    if "items" not in schema or schema.get("maxItems") == 0:
        return []
    return [example_of(schema["items"], follow, name.removesuffix("s"))]


def _scalar(schema: Schema, name: str) -> Any:
    kind = schema.get("type")
    pattern = schema.get("pattern", "")
    if kind == "string" and name in KNOWN and re.search(pattern, KNOWN[name]):
        return KNOWN[name]
    if hashed := _HASH.fullmatch(pattern):
        return (_HEX * 4)[: int(hashed[1])]
    if "format" in schema and schema["format"] in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    if kind == "integer":
        return max(schema.get("minimum", 0), min(PLAIN["integer"], schema.get("maximum", 3)))
    return PLAIN.get(kind) if isinstance(kind, str) else None
