"""What the endpoints that count a prompt have in common: limited like a call, and free."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import Request, Response

from api.exchange import Exchange
from api.gateway import Gateway, clock_ms
from api.inference.allowed_model import AllowedModel, allowed_model
from api.inference.errors import JSON
from api.inference.masking import masked_now
from api.inference.serving import Serving
from api.inference.surface import Headers, RequestHeaders, Surface
from domain.api_key import INFERENCE
from domain.errors import GatewayError

Decode = Callable[[bytes, RequestHeaders], Any]
Answered = tuple[dict[str, Any], Headers]
"""The fields of an answer, and the headers that it has besides."""
Count = Callable[[Gateway, Any, AllowedModel], Awaitable[Answered]]


async def serve_count(request: Request, surface: Surface, decode: Decode, count: Count) -> Response:
    """Check the key, the body, the rate limits and the model, and then count."""
    gateway: Gateway = request.app.state.gateway
    exchange = Exchange(dict(request.scope), request.receive, _never)
    serving = Serving(exchange, gateway.mint(), surface, clock_ms())
    try:
        fields, besides = await _counted(gateway, serving, decode, count)
        status, headers, body = 200, [JSON, *besides], orjson.dumps(fields)
    except GatewayError as error:
        funds_status = surface.funds_status(gateway.settings)
        status, headers, body = surface.errors.render(
            error, serving.public_id, funds_status=funds_status
        )
    named = {name.decode(): value.decode() for name, value in [*headers, *serving.id_headers]}
    return Response(body, status, named)


async def _counted(gateway: Gateway, serving: Serving, decode: Decode, count: Count) -> Answered:
    exchange, surface = serving.exchange, serving.surface
    who = await gateway.authenticator.authorise(exchange.headers, INFERENCE)
    raw = await exchange.body(gateway.settings.max_body_bytes)
    asked = decode(await masked_now(gateway.policies, who.customer_id, raw), exchange.headers)
    # No tokens are taken: none are bought. But it is a request, and the limits are on those, too.
    serving.admission = await gateway.limiter.admit(who, 0, 0)
    if serving.admission and serving.admission.refusal:
        raise serving.admission.refusal
    allowed = await allowed_model(gateway, who, asked.model, surface.kinds)
    return await count(gateway, asked, allowed)


async def _never(message: Any) -> None:
    """Send nothing: the framework answers."""
    raise AssertionError
