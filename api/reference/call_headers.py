"""The headers of a call: what it may be sent with, and what its answer says besides."""

from collections.abc import Mapping
from typing import Any, Final

from api.inference import input_tokens, messages, messages_count, responses
from api.inference.surface import Surface
from api.inference.surfaces import SURFACES
from api.reference.limit_headers import limit_headers_of
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
_IDS: Final[Mapping[str, Mapping[str, Any]]] = {
    name: {"$ref": f"#/components/headers/{name}"}
    for name in ("X-Request-ID", "X-Gateway-Request-ID")
}
_ANTHROPICS_ID: Final[Mapping[str, Mapping[str, Any]]] = {
    "Request-ID": {
        "description": "The same as `X-Request-ID`, where Anthropic's SDKs look for it.",
        "schema": {"type": "string"},
    }
}
_COUNTED: Final[Mapping[str, Surface]] = {
    input_tokens.PATH: responses.V1,
    messages_count.PATH: messages.V1,
}
"""Endpoints that count a prompt, and whose protocol they speak."""
_SOURCE: Final[Mapping[str, Mapping[str, Any]]] = {
    "X-Token-Count-Source": {
        "description": "`provider` for a count of the provider's own, `estimate` for ours.",
        "schema": {"type": "string", "enum": ["provider", "estimate"]},
    }
}
_CALLED: Final[Mapping[str, Mapping[str, Any]]] = {
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
"""Headers of the answers of calls only."""
REFUSED: Final[Mapping[str, Mapping[str, Any]]] = {
    **_IDS,
    "Retry-After": {"$ref": "#/components/headers/Retry-After"},
    "X-Should-Retry": {
        "description": "That the same again would be refused again; absent otherwise.",
        "schema": {"type": "string", "enum": ["false"]},
    },
}
"""Headers of refusals."""


def given(path: str) -> dict[str, Any]:
    """Describe the headers of an endpoint's answer; those without a key have none of ours."""
    surface = SURFACES.get(path, _COUNTED.get(path))
    if surface is None:
        return {**_IDS, **(_ANTHROPICS_ID if path.startswith("/v1/") else {})}
    return {
        **_IDS,
        **(_ANTHROPICS_ID if b"request-id" in surface.id_headers else {}),
        **(_CALLED if path in SURFACES else {}),
        **(_SOURCE if path == messages_count.PATH else {}),
        **limit_headers_of(surface),
    }
