"""GET /v1/models and /v1/models/{id}: what the caller's key may call (wire-facts §1.4)."""

from collections.abc import Callable
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from api.exchange import plain_request_id
from api.gateway import Gateway
from api.inference.errors import OpenAIErrors
from domain import ids
from domain.api_key import INFERENCE, ApiKey
from domain.catalog import Model
from domain.decision import Decision
from domain.errors import GatewayError, InvalidApiKeyError, ModelNotAllowedError, ModelNotFoundError
from domain.ports import Books

JSON = "application/json"


def models_router(errors: OpenAIErrors) -> APIRouter:
    """Build the two routes in OpenAI's shape; an id with slashes is the rest of the path."""
    router = APIRouter()

    @router.get("/models")
    async def list_models(request: Request) -> Response:
        """List the models that this key may call, in the catalogue's order."""
        return await _answer(
            request, errors, lambda found: {"object": "list", "data": list(map(describe, found))}
        )

    @router.get("/models/{model_id:path}")
    async def get_model(request: Request, model_id: str) -> Response:
        """Describe one model that this key may call."""

        def one(found: list[Model]) -> dict[str, Any]:
            for model in found:
                if model.id == model_id:
                    return describe(model)
            raise ModelNotFoundError(model_id)

        return await _answer(request, errors, one)

    return router


def describe(model: Model) -> dict[str, Any]:
    """Write a model in OpenAI's shape, with what a client needs to size a call."""
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
        "context_length": model.context_tokens,
        "max_output_tokens": model.max_output_tokens,
    }


async def _answer(
    request: Request, errors: OpenAIErrors, write: Callable[[list[Model]], dict[str, Any]]
) -> Response:
    gateway: Gateway = request.app.state.gateway
    request_id = ids.public(ids.REQUEST, gateway.mint())
    headers = {"x-gateway-request-id": request_id}
    given = plain_request_id(request.headers.get("x-request-id", "").encode())
    headers["x-request-id"] = given or request_id
    try:
        body = write(await _allowed(request, gateway))
    except GatewayError as error:
        status, extra, raw = errors.render(error, request_id)
        headers |= {name.decode(): value.decode() for name, value in extra}
        return Response(raw, status, headers)
    return Response(orjson.dumps(body), 200, headers, JSON)


async def _allowed(request: Request, gateway: Gateway) -> list[Model]:
    """Ask the key as it is now which models it may call."""
    who = await gateway.authenticator.authorise(dict(request.scope["headers"]), INFERENCE)

    def look(books: Books) -> list[Model]:
        key = books.find(ApiKey, who.key_id)
        if key is None:
            raise InvalidApiKeyError
        return [model for model in gateway.catalog.priced() if _may_call(key, model)]

    return await gateway.ledger.read(Decision((who.key_id,), look))


def _may_call(key: ApiKey, model: Model) -> bool:
    try:
        key.check_allows(model.id, list(model.providers))
    except ModelNotAllowedError:
        return False
    return True
