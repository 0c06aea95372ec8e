"""The headers of a call: what it may be sent with, and what its answer says besides."""

from collections.abc import Mapping
from typing import Any, Final

from api.reference.parts import IDS

_CONVERSATION: Final = {"type": "string", "pattern": f"^{IDS['conversation_id']}_[0-9a-f]{{32}}$"}
_AMOUNT: Final = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
_WHOLE: Final = "Only whole answers have it: a stream has begun before it is charged."

TAKEN: Final[tuple[Mapping[str, Any], ...]] = (
    {"$ref": "#/components/parameters/Idempotency-Key"},
    {
        "name": "X-Conversation-ID",
        "in": "header",
        "description": "The conversation that the call joins. It must be the customer's own, and "
        "not archived.",
        "schema": _CONVERSATION,
    },
    {
        "name": "traceparent",
        "in": "header",
        "description": "Which trace the call is part of, as W3C Trace Context has it; one that is "
        "not valid is left alone.",
        "schema": {"type": "string"},
    },
)
"""Parameters of every call."""
GIVEN: Final[Mapping[str, Mapping[str, Any]]] = {
    "X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"},
    "X-Gateway-Request-ID": {"$ref": "#/components/headers/X-Gateway-Request-ID"},
    "X-Conversation-ID": {
        "description": "The conversation that the call has joined.",
        "schema": _CONVERSATION,
    },
    "X-Context-Trimmed": {
        "description": "How many messages were left out for the customer's window; absent if none.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "X-Tollbook-Cache": {
        "description": "Whether the answer was given before; absent unless answers are kept.",
        "schema": {"type": "string", "enum": ["hit", "miss"]},
    },
    "X-DAOE-Used-Model": {
        "description": "The model that answered.",
        "schema": {"type": "string"},
    },
    "X-DAOE-Used-Provider": {
        "description": "Whose route the answer came by.",
        "schema": {"type": "string"},
    },
    "X-DAOE-Failover": {
        "description": "That another route had failed before; absent if none had.",
        "schema": {"type": "string", "enum": ["1"]},
    },
    "X-Billing-Output-Cap": {
        "description": "How many tokens of output were held for.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-Billing-Price-Version": {
        "description": "The version of the price book that the call is charged by.",
        "schema": {"type": "string"},
    },
    "X-Billing-Charge": {
        "description": f"What the call was charged. {_WHOLE}",
        "schema": _AMOUNT,
    },
    "X-Billing-Balance": {
        "description": f"What is available afterwards. {_WHOLE}",
        "schema": _AMOUNT,
    },
    "X-Billing-Currency": {
        "description": f"The currency of both. {_WHOLE}",
        "schema": {"type": "string"},
    },
}
"""Headers of the answer of every call."""
