"""GET /api/v1/models: the public catalogue, without a key and without suppliers."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from api.gateway import Gateway
from api.price_text import describe_card
from domain.catalog import Model

CACHE_SECONDS = 60

router = APIRouter()


@router.get("/api/v1/models")
async def list_public_models(request: Request) -> Response:
    """List every model with its prices, as decimal strings per 1,000,000 units."""
    gateway: Gateway = request.app.state.gateway
    catalog = gateway.catalog
    listed = [_describe(model, catalog.currency) for model in catalog.priced()]
    return Response(
        orjson.dumps({"object": "list", "data": listed}),
        headers={"cache-control": f"public, max-age={CACHE_SECONDS}"},
        media_type="application/json",
    )


def _describe(model: Model, currency: str) -> dict[str, Any]:
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
        "kind": model.kind,
        "tier": model.tier,
        "tags": list(model.tags),
        "context_length": model.context_tokens,
        "max_output_tokens": model.max_output_tokens,
        "pricing": {
            "currency": currency,
            "per_units": 1_000_000,
            **_prices(model),
        },
    }


def _prices(model: Model) -> dict[str, Any]:
    """Show what everybody pays, each component by its name, and the terms beside them."""
    shown = describe_card(model.card)
    return {**shown.pop("prices"), **shown}
