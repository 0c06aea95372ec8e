"""The webhooks section: what is sent to a customer's own address."""

from typing import Any, Final

from adapters.webhooks.messages import TYPES
from api.reference.examples import KNOWN
from api.reference.webhook_data import DATA

_SIGNED: Final = (
    "Signed as standardwebhooks.com says with the secret of `GET /openapi/v1/balance/config`; "
    "sent again until it is answered with a 2xx, always with the same `webhook-id`."
)


def _header(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


def _describe(kind: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "customer_id": {"type": "string", "examples": [KNOWN["customer_id"]]},
        **DATA[kind],
        "currency": {"type": "string", "examples": [KNOWN["currency"]]},
    }
    schema = {
        "type": "object",
        "required": ["id", "type", "created_at", "data"],
        "properties": {
            "id": {"type": "string", "description": "The same however often it is sent."},
            "type": {"const": kind},
            "created_at": {"type": "string", "format": "date-time"},
            "data": {"type": "object", "required": [*data], "properties": data},
        },
    }
    return {
        "post": {
            "operationId": f"on_{kind.replace('.', '_')}",
            "tags": ["webhooks"],
            "summary": f"`{kind}`",
            "description": _SIGNED,
            "parameters": [
                _header("webhook-id", "The message's id."),
                _header("webhook-timestamp", "When this was sent, in seconds since 1970."),
                _header("webhook-signature", "`v1,` and the HMAC-SHA256 in base64."),
            ],
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
            "responses": {"2XX": {"description": "Taken."}},
        }
    }


WEBHOOKS: Final[dict[str, Any]] = {
    kind: _describe(kind) for kind in sorted({kind for kind, _ in TYPES.values()})
}
"""By type."""
