"""POST /v1/messages/count_tokens: how large a prompt is, by its provider or our own estimate."""

import asyncio
from typing import Final

from fastapi import APIRouter, Request, Response

from adapters.protocols.anthropic.request import CountRequest, decode_count
from adapters.protocols.prompt_size import measure_off_loop
from adapters.upstreams.http_provider import HttpProvider
from api.gateway import Gateway
from api.inference.allowed_model import AllowedModel
from api.inference.counting import Answered, serve_count
from api.inference.messages import V1
from domain.catalog import Route
from domain.errors import UpstreamRejectedError
from domain.upstream import AttemptError

PATH: Final = "/v1/messages/count_tokens"
SOURCE: Final = b"x-token-count-source"
"""`provider` for a count of the provider's own, `estimate` for ours."""
PATIENCE_SECONDS: Final = 10.0
"""How long a provider may take to count before our estimate has to do."""

router = APIRouter()


@router.post(PATH)
async def count_tokens(request: Request) -> Response:
    """Count for nothing; the model's first provider is asked if it can count messages."""
    return await serve_count(request, V1, decode_count, _count)


async def _count(gateway: Gateway, asked: CountRequest, allowed: AllowedModel) -> Answered:
    counted = await _by_provider(gateway, asked, allowed.routes[0])
    if counted is not None:
        return {"input_tokens": counted}, [(SOURCE, b"provider")]
    model = allowed.model
    size = await measure_off_loop(asked.size, asked.prompt_parts)
    estimated = size.estimate(model.context_tokens, model.margin).count
    return {"input_tokens": estimated}, [(SOURCE, b"estimate")]


async def _by_provider(gateway: Gateway, asked: CountRequest, route: Route) -> int | None:
    """Ask a provider; if it fails, our estimate will do, but not if it finds fault."""
    provider = gateway.upstreams.providers[route.provider]
    if not isinstance(provider, HttpProvider):
        return None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await provider.count(asked, route)
    except TimeoutError:
        return None
    except AttemptError as attempt:
        if isinstance(attempt.error, UpstreamRejectedError):
            raise attempt.error from attempt
        return None
