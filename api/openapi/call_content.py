"""GET /openapi/v1/observation/logs/{request_id}/content: the words of a call, if they are kept."""

from fastapi import APIRouter, Request, Response

from adapters.call_contents.store import ContentStore
from api.admin.auth import gateway_of
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.security import CallContentAnswer
from api.openapi.caller import Caller
from api.openapi.query import Query
from domain import ids
from domain.call_policy import look_up_call_policy
from domain.errors import NotFoundError

WHAT = "content"

router = APIRouter()


@router.get("/observation/logs/{request_id}/content", **documented(CallContentAnswer))
async def show_content(request: Request, request_id: str, caller: Caller) -> Response:
    """Show what was kept of a call; what is due to be deleted is not shown any more."""
    Query(request, ())
    gateway = gateway_of(request)
    policy = (await gateway.ledger.read(look_up_call_policy(caller.customer_id))).security
    asked = ids.parse_public(ids.REQUEST, request_id)
    if asked is None or not policy.logs_content:
        raise NotFoundError(WHAT)
    store = ContentStore(gateway.pool)
    found = await store.find(caller.customer_id, asked, policy.retention_days)
    if found is None:
        raise NotFoundError(WHAT)
    shown = {
        "request_id": ids.public(ids.REQUEST, asked),
        "kept_at": found.kept_at,
        "prompt": found.prompt.decode(errors="replace"),
        "answer": found.answer.decode(errors="replace"),
        "truncated": found.cut,
    }
    return success(request, shown)
