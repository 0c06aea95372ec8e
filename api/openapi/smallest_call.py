"""The smallest call of a model at each endpoint: what is looked ahead for, and shown as example."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from adapters.masking.terms import Terms
from api.gateway import Gateway
from api.inference.holding import asked_of
from api.inference.masking import mask
from api.inference.surface import Surface
from api.inference.surfaces import SURFACES
from api.openapi.visible_models import Entry
from domain.admission import Asked
from domain.errors import RefusalError
from domain.security_policy import SecurityPolicy

Body = Mapping[str, Any]

_PROMPT: Final = "Hi"
_MESSAGES: Final = [{"role": "user", "content": _PROMPT}]
_IN_PARTS: Final = [{"role": "user", "content": [{"text": _PROMPT}]}]
BODIES: Final[Mapping[str, Body]] = {
    "/v1/chat/completions": {"messages": _MESSAGES, "max_tokens": 1},
    "/openai/v1/chat/completions": {"messages": _MESSAGES, "max_tokens": 1},
    "/v1/completions": {"prompt": _PROMPT, "max_tokens": 1},
    "/v1/embeddings": {"input": _PROMPT},
    "/v1/messages": {"messages": _MESSAGES, "max_tokens": 1},
    "/v1/responses": {"input": _PROMPT, "max_output_tokens": 16},  # OpenAI takes no less
    "/api/v1/services/aigc/text-generation/generation": {
        "input": {"messages": _MESSAGES},
        "parameters": {"max_tokens": 1},
    },
    "/api/v1/services/aigc/multimodal-generation/generation": {
        "input": {"messages": _IN_PARTS},
        "parameters": {"max_tokens": 1},
    },
}
"""By path, without the model."""


@dataclass(frozen=True, slots=True)
class SmallestCall:
    """A body for an endpoint, and what it would ask for there, or why it could not."""

    path: str
    surface: Surface
    body: Body
    asked: Asked
    refusal: RefusalError | None = None


def paths_for(entry: Entry) -> list[str]:
    """List the endpoints that take models of its kind, those made for it first."""
    taken = [path for path, surface in SURFACES.items() if entry.kind in surface.kinds]
    return sorted(taken, key=lambda path: len(SURFACES[path].kinds))


async def smallest_calls(
    gateway: Gateway, customer_id: UUID, wanted: Iterable[tuple[Entry, str]]
) -> list[SmallestCall]:
    """Read the body of each call as its endpoint would, by the customer's policies as of now.

    Raises PolicyChangedError if they are changing, or BillingUnavailableError.
    """
    gateway.policies.forget(customer_id)
    security = (await gateway.policies.of(customer_id)).security
    terms = await gateway.policies.terms_of(security)
    calls: list[SmallestCall] = []
    for entry, path in wanted:
        calls.append(await _smallest(gateway, entry, path, security, terms))
        await asyncio.sleep(0)  # a long catalogue holds up nobody's stream
    return calls


async def _smallest(
    gateway: Gateway, entry: Entry, path: str, security: SecurityPolicy, terms: Terms
) -> SmallestCall:
    surface, body = SURFACES[path], {"model": entry.id, **BODIES[path]}
    raw = orjson.dumps(body)
    try:
        masked = await mask(raw, security, terms)
        request = surface.decode(raw if masked is None else masked.body, {})
        asked = await asked_of(gateway, surface, request)
    except RefusalError as refused:
        return SmallestCall(path, surface, body, Asked(entry.id, ()), refused)
    return SmallestCall(path, surface, body, asked)
