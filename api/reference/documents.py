"""The two documents of a gateway, as bytes: for its customers, and for its operator."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.routing import BaseRoute

from api.openapi.body import BODY_MAX
from api.reference.building import CUSTOMERS, OPERATORS, build
from api.reference.parts import Words

_BEARER: Final = {"type": "http", "scheme": "bearer"}
_ENVELOPE: Final = """
Every answer of the management API comes in one envelope: `request_id`, `success`, `data`, `code`
and `message`. A refusal has `success: false`, a `code` that never changes its meaning, and a
message for people. Amounts are decimal strings, never floats; times are RFC 3339 in UTC. Fields
that are not named here are refused.
"""
_CUSTOMERS: Final[Mapping[str, Any]] = {
    "title": "Tollbook",
    "summary": "Call models, and see what every call cost and why.",
    "description": f"Send the key as `Authorization: Bearer` or as `X-API-Key`.\n{_ENVELOPE}"
    f"So are the management API's parameters, and bodies above {BODY_MAX // 1024} KiB.\n",
    "license": {"name": "MIT", "identifier": "MIT"},
}
_OPERATORS: Final[Mapping[str, Any]] = {
    "title": "Tollbook for operators",
    "summary": "Customers, credit, prices, months and suppliers.",
    "description": f"Send `TOLLBOOK_ADMIN_TOKEN` as `Authorization: Bearer`.\n{_ENVELOPE}",
    "license": {"name": "MIT", "identifier": "MIT"},
}


def customers_document(routes: Sequence[BaseRoute], public_url: str | None) -> bytes:
    """Write the reference of the customer's API and of inference."""
    schemes = {
        "bearer": {**_BEARER, "description": "An API key: `tb_…`."},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    words = Words(_CUSTOMERS, public_url or "/", "bearer", schemes, webhooks=True)
    return orjson.dumps(build(routes, CUSTOMERS, words))


def operators_document(routes: Sequence[BaseRoute], public_url: str | None) -> bytes:
    """Write the reference of the admin API."""
    schemes = {"operator": {**_BEARER, "description": "The operator's token."}}
    words = Words(_OPERATORS, public_url or "/", "operator", schemes)
    return orjson.dumps(build(routes, OPERATORS, words))
