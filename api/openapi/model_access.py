"""GET /openapi/v1/api-keys/{id}/model-access: which models a key can call now, or why not."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from api.admin.auth import gateway_of
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.api_keys import KeyAccessAnswer
from api.openapi.api_keys import PATH, parse_key
from api.openapi.caller import Caller
from api.openapi.key_views import manager_of
from api.openapi.model_views import describe_reason
from api.openapi.models import entries_for
from api.openapi.outlooks import look_at_entries
from api.openapi.query import Query
from domain.decision import Decision

router = APIRouter()


@router.get(f"{PATH}/model-access", **documented(KeyAccessAnswer))
async def model_access(request: Request, api_key_id: str, caller: Caller) -> Response:
    """Check each model's smallest call as it would be checked with this key; nothing is held.

    What stands in the way is told by the codes that the call itself would be refused with.
    """
    Query(request, ())
    gateway, key_id = gateway_of(request), parse_key(request, api_key_id)
    manager = manager_of(caller)
    own = Decision((key_id,), lambda books: manager.find(books, key_id).id)
    who = replace(caller, key_id=await gateway.ledger.read(own))
    entries = await entries_for(request, caller)
    outlooks = await look_at_entries(gateway, who, entries)
    items = [
        {
            "model": entry.id,
            "type": entry.type,
            "callable": outlook.callable,
            "blocking_reasons": [describe_reason(refusal) for refusal in outlook.refusals],
        }
        for entry, outlook in zip(entries, outlooks.each, strict=True)
    ]
    return success(request, {"api_key_id": api_key_id, "items": items})
