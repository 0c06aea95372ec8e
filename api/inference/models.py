"""GET /v1/models and /v1/models/{id}: what the caller's key may call (wire-facts §1.4).

Anthropic's SDKs ask at the same path, and are told apart by their version header: what they get
holds the keys of both shapes, which do not clash.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from api.exchange import plain_request_id
from api.gateway import Gateway
from api.inference.anthropic_errors import ANTHROPIC_ERRORS
from api.inference.errors import PAYMENT_REQUIRED, OpenAIErrors
from api.inference.surface import ErrorShape
from domain import ids
from domain.api_key import INFERENCE
from domain.catalog import Model
from domain.decision import Decision
from domain.errors import GatewayError, ModelNotFoundError
from domain.ports import Books
from domain.preflight import callable_models, parties_ids, parties_of

JSON = "application/json"
Describe = Callable[[Model], dict[str, Any]]
Write = Callable[[list[Model], Describe], dict[str, Any]]


def models_router(errors: OpenAIErrors, *, for_anthropic: bool = False) -> APIRouter:
    """Build the two routes; an id with slashes is the rest of the path."""
    router = APIRouter()

    @router.get("/models")
    async def list_models(request: Request) -> Response:
        """List the models that this key may call, in the catalogue's order."""
        both = for_anthropic and _is_anthropic(request)
        return await _answer(request, errors, _page if both else _list, both=both)

    @router.get("/models/{model_id:path}")
    async def get_model(request: Request, model_id: str) -> Response:
        """Describe one model that this key may call."""

        def one(found: list[Model], describe: Describe) -> dict[str, Any]:
            for model in found:
                if model.id == model_id:
                    return describe(model)
            raise ModelNotFoundError(model_id)

        both = for_anthropic and _is_anthropic(request)
        return await _answer(request, errors, one, both=both)

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


def describe_for_both(model: Model) -> dict[str, Any]:
    """Write a model in Anthropic's shape besides."""
    created = datetime.fromtimestamp(model.created, UTC)
    return {
        **describe(model),
        "type": "model",
        "display_name": model.id,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
        "max_input_tokens": model.context_tokens,
        "max_tokens": model.max_output_tokens,
    }


def _is_anthropic(request: Request) -> bool:
    return "anthropic-version" in request.headers


def _list(found: list[Model], describe: Describe) -> dict[str, Any]:
    return {"object": "list", "data": list(map(describe, found))}


def _page(found: list[Model], describe: Describe) -> dict[str, Any]:
    """Write all models as the one page that there is."""
    ends = {"first_id": found[0].id, "last_id": found[-1].id} if found else {}
    none = {"first_id": None, "last_id": None}
    return {**_list(found, describe), "has_more": False, **none, **ends}


async def _answer(
    request: Request, openai_errors: OpenAIErrors, write: Write, *, both: bool
) -> Response:
    gateway: Gateway = request.app.state.gateway
    request_id = ids.public(ids.REQUEST, gateway.mint())
    headers = {"x-gateway-request-id": request_id}
    given = plain_request_id(request.headers.get("x-request-id", "").encode())
    headers["x-request-id"] = given or request_id
    if both:
        headers["request-id"] = headers["x-request-id"]
    errors: ErrorShape = ANTHROPIC_ERRORS if both else openai_errors
    try:
        found = await _allowed(request, gateway)
        body = write(found, describe_for_both if both else describe)
    except GatewayError as error:
        status, extra, raw = errors.render(error, request_id, funds_status=PAYMENT_REQUIRED)
        headers |= {name.decode(): value.decode() for name, value in extra}
        return Response(raw, status, headers)
    return Response(orjson.dumps(body), 200, headers, JSON)


async def _allowed(request: Request, gateway: Gateway) -> list[Model]:
    """Ask everyone who has a say, as they are now, which models the key may call, by which names.

    What passes is not asked: a model is listed though the balance or a limit stands in the way.
    """
    who = await gateway.authenticator.authorise(dict(request.scope["headers"]), INFERENCE)
    catalog = gateway.catalog

    def look(books: Books) -> list[Model]:
        parties = parties_of(books, who)
        named = callable_models(catalog.models.values(), parties)
        led = callable_models(named, parties, open_choice=True) if catalog.aliases else []
        return [*named, *catalog.aliases_of(led)]

    return await gateway.ledger.read(Decision(parties_ids(who), look))
