"""Every customer route there is, from the application's own routes, and how to call it.

A new route is walked without being asked for. One that needs more than its path says what it
needs here; until it does, the walks fail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from api.app import build_app
from api.catalog.file import default_catalog
from api.reference.operations import operations
from api.settings import Settings
from tests.api.openapi.till import Account, Till

PREFIXES = ("/openapi/", "/api/", "/v1/", "/openai/")
ENDING = (
    "DELETE /openapi/v1/api-keys/{api_key_id}",
    "POST /openapi/v1/api-keys/{api_key_id}/disable",
)
"""What comes last: nothing can be done with it afterwards."""
BODIES: Mapping[str, Any] = {
    "PATCH /openapi/v1/client/profile": {"billing_contact": {"name": "Ada"}},
    "POST /openapi/v1/api-keys": {"name": "another"},
    "PATCH /openapi/v1/api-keys/{api_key_id}": {"tags": {"team": "a"}, "name": "renamed"},
    "POST /openapi/v1/balance/check": {"amount": "1.00"},
    "PATCH /openapi/v1/balance/config": {"alert_thresholds": ["1.00"]},
    "PATCH /openapi/v1/routing/policy": {"retries": 1},
    "PATCH /openapi/v1/security/policy": {"retention_days": 7},
    "PATCH /openapi/v1/context/config": {"memory_days": 30},
    "PATCH /openapi/v1/webhooks": {"event_types": ["balance.alert"]},
    "PATCH /openapi/v1/conversations/{conversation_id}": {"title": "Another title"},
    "POST /v1/responses/input_tokens": {"model": "{model}", "input": "Hello."},
    "POST /v1/messages/count_tokens": {
        "model": "{model}",
        "messages": [{"role": "user", "content": "Hello."}],
    },
}
"""What a route is sent that takes a body; `{model}` is filled in like a part of a path."""
QUERIES: Mapping[str, Mapping[str, str]] = {
    "/openapi/v1/billing/monthly-statement": {"month": "{month}"},
    "/openapi/v1/billing/monthly-statement.csv": {"month": "{month}"},
    "/openapi/v1/billing/monthly-statement.json": {"month": "{month}"},
    "/openapi/v1/billing/monthly-statement/proof": {"month": "{closed}"},
}
"""What a route must be asked."""


@dataclass(frozen=True)
class Route:
    """A method and a path; `names` are those of what the path leaves open."""

    method: str
    path: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def customer_routes() -> list[Route]:
    app = build_app(Settings.load({}), default_catalog(), "unused")._app
    found = [
        Route(operation.method, operation.path, tuple(operation.names))
        for operation in operations(app.routes)
        if operation.path.startswith(PREFIXES)
    ]
    return sorted(found, key=lambda route: str(route) in ENDING)


def visit(
    shop: Till,
    caller: Account,
    route: Route,
    fill: Callable[[str], str],
    **query: str,
) -> httpx.Response:
    """Call a route, its path filled in."""
    path = route.path
    for name in route.names:
        path = path.replace("{" + name + "}", fill(name))
    months = {"month": shop.month, "closed": shop.closed_month}
    asked = {k: v.format(**months) for k, v in QUERIES.get(route.path, {}).items()}
    body = filled(BODIES.get(str(route)), fill)
    return shop.request(route.method, path, caller.secret, params={**asked, **query}, json=body)


def filled(body: Any, fill: Callable[[str], str]) -> Any:
    if isinstance(body, dict) and body.get("model") == "{model}":
        return {**body, "model": fill("model")}
    return body


ROUTES = customer_routes()
