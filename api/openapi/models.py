"""GET /openapi/v1/models and one of them: what this customer can call, and what it pays."""

from fastapi import APIRouter, Request, Response

from api.admin.auth import gateway_of
from api.document.operation import documented
from api.document.parameters import choice, parameter
from api.envelope import success
from api.openapi.answers.models import ModelsAnswer, OneModelAnswer
from api.openapi.billing_rules import rules_of
from api.openapi.caller import Caller
from api.openapi.catalogue_page import page_through
from api.openapi.links import link
from api.openapi.model_views import describe_entries
from api.openapi.query import Query
from api.openapi.visible_models import Entry, find_entry, visible
from domain.catalog import CAPABILITIES, KINDS, MODEL, PREFLIGHT
from domain.reserve_call import Identity

TAG = parameter(
    "tag",
    "Only what carries this tag; may be repeated.",
    {"type": "array", "items": {"type": "string", "maxLength": 200}},
)

router = APIRouter()


@router.get(
    "/models",
    **documented(
        ModelsAnswer,
        query=(
            TAG,
            choice("capability", CAPABILITIES, "Only what is not known to lack it."),
            choice("kind", KINDS, "Only what is for this."),
            "limit",
            "cursor",
        ),
    ),
)
async def list_models(request: Request, caller: Caller) -> Response:
    """List models, aliases and `auto`; what this key may not call is listed, with the reason."""
    query = Query(request, ("tag", "capability", "kind", "limit", "cursor"))
    tags = query.texts("tag")
    capability, kind = query.choice("capability", CAPABILITIES), query.choice("kind", KINDS)
    found = [
        entry
        for entry in await entries_for(request, caller)
        if tags <= {*entry.tags}
        and kind in {None, entry.kind}
        and (capability is None or entry.capabilities is None or capability in entry.capabilities)
    ]
    page = page_through(query, f"models {sorted(tags)} {capability} {kind}", found)
    items = await describe_entries(gateway_of(request), caller, page.items)
    return success(request, {"items": items, "next_cursor": page.next_cursor})


@router.get("/models/{model:path}", **documented(OneModelAnswer))
async def get_model(request: Request, model: str, caller: Caller) -> Response:
    """Describe a model, an alias or `auto`; ids may hold slashes, encoded or not."""
    Query(request, ())
    catalog = gateway_of(request).catalog
    entry = find_entry(catalog, await entries_for(request, caller), model)
    (described,) = await describe_entries(gateway_of(request), caller, [entry])
    rule = f"/openapi/v1/billing/rules/{entry.id}" if entry.type == MODEL else None
    links = {
        "preflight_url": link(request, f"/openapi/v1/models/{entry.id}{PREFLIGHT}"),
        "billing_rule_url": link(request, rule) if rule else None,
    }
    return success(request, {**described, **links})


async def entries_for(request: Request, caller: Identity) -> list[Entry]:
    """List what is visible to the caller's customer, by the prices in force for it."""
    return visible(gateway_of(request).catalog, (await rules_of(request, caller)).rules)
