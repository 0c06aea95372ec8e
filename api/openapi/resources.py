"""GET /openapi/v1/resources, one of them, and /resource-types: all that the catalogue lists."""

from collections.abc import Collection
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.admin.auth import gateway_of
from api.document.operation import documented
from api.document.parameters import choice
from api.envelope import success
from api.openapi.answers.resources import ResourceAnswer, ResourcesAnswer, ResourceTypesAnswer
from api.openapi.caller import Caller
from api.openapi.catalogue_page import page_through
from api.openapi.links import link
from api.openapi.models import TAG, entries_for
from api.openapi.query import Query
from api.openapi.visible_models import Entry
from domain.catalog import AGENT, MCP_SERVER, MODEL, RESOURCE_TYPES, SKILL, Resource
from domain.errors import NotFoundError
from domain.reserve_call import Identity

DESCRIPTIONS: Final = {
    MODEL: "A model, or an alias of several, that calls name as `model`.",
    MCP_SERVER: "A server of the Model Context Protocol, whose tools a model may use.",
    SKILL: "Instructions for a task that an agent may load.",
    AGENT: "An agent that can be given tasks at its address.",
}

router = APIRouter()


@router.get(
    "/resources",
    **documented(
        ResourcesAnswer,
        query=(choice("type", RESOURCE_TYPES, "Only of this type."), TAG, "limit", "cursor"),
    ),
)
async def list_resources(request: Request, caller: Caller) -> Response:
    """List the models that this customer can see, then MCP servers, skills and agents."""
    query = Query(request, ("type", "tag", "limit", "cursor"))
    kind, tags = query.choice("type", RESOURCE_TYPES), query.texts("tag")
    found = [
        each
        for each in await _resources(request, caller)
        if kind in {None, each["type"]} and tags <= {*each["tags"]}
    ]
    page = page_through(query, f"resources {kind} {sorted(tags)}", found)
    return success(request, {"items": page.items, "next_cursor": page.next_cursor})


@router.get("/resources/{resource_id:path}", **documented(ResourceAnswer))
async def get_resource(request: Request, resource_id: str, caller: Caller) -> Response:
    """Describe one of them; a model's id is its resource's, slashes included."""
    Query(request, ())
    for each in await _resources(request, caller):
        if each["id"] == resource_id:
            return success(request, each)
    what = "resource"
    raise NotFoundError(what)


@router.get("/resource-types", **documented(ResourceTypesAnswer))
async def list_types(request: Request, caller: Caller) -> Response:
    """List the types, and how many entries of each this customer can see."""
    Query(request, ())
    types = [each["type"] for each in await _resources(request, caller)]
    items = [
        {"type": kind, "description": DESCRIPTIONS[kind], "count": types.count(kind)}
        for kind in RESOURCE_TYPES
    ]
    return success(request, {"items": items})


async def _resources(request: Request, caller: Identity) -> list[dict[str, Any]]:
    entries = await entries_for(request, caller)
    seen = {entry.id for entry in entries}
    listed = gateway_of(request).catalog.resources.values()
    return [
        *(_model(request, entry) for entry in entries),
        *(_describe(resource, seen) for resource in listed),
    ]


def _model(request: Request, entry: Entry) -> dict[str, Any]:
    alias = entry.type != MODEL
    return {
        "id": entry.id,
        "type": MODEL,
        "name": entry.id,
        "description": "",
        "url": link(request, f"/openapi/v1/models/{entry.id}"),
        "version": None,
        "tags": list(entry.tags),
        "models": [model.id for model in entry.models] if alias else [],
    }


def _describe(resource: Resource, seen: Collection[str]) -> dict[str, Any]:
    """Show what the operator says of it; models that the customer cannot see are left out."""
    return {
        "id": resource.id,
        "type": resource.type,
        "name": resource.name,
        "description": resource.description,
        "url": resource.url,
        "version": resource.version,
        "tags": list(resource.tags),
        "models": [name for name in resource.models if name in seen],
    }
