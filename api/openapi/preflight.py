"""GET /openapi/v1/models/{model}/preflight: whether the next call would be made, or why not."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.admin.auth import gateway_of
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.models import PreflightAnswer
from api.openapi.caller import Caller
from api.openapi.links import link
from api.openapi.model_views import describe_reason
from api.openapi.models import entries_for
from api.openapi.outlooks import look_at
from api.openapi.query import Query
from api.openapi.smallest_call import SmallestCall, paths_for, smallest_calls
from api.openapi.visible_models import Entry, find_entry
from domain.catalog import MODEL
from domain.money import Nanos, format_amount
from domain.preflight import Outlook

router = APIRouter()


@router.get("/models/{model:path}/preflight", **documented(PreflightAnswer))
async def preflight(request: Request, model: str, caller: Caller) -> Response:
    """Check everything that the model's smallest call would be checked for, and hold nothing.

    What stands in the way is told by the codes that the call itself would be refused with.
    """
    Query(request, ())
    gateway = gateway_of(request)
    entry = find_entry(gateway.catalog, await entries_for(request, caller), model)
    wanted = [(entry, path) for path in paths_for(entry)]
    calls = await smallest_calls(gateway, caller.customer_id, wanted)
    found = await look_at(gateway, caller, calls)
    outlook = found.each[0]
    data = {
        "model": entry.id,
        "type": entry.type,
        "kind": entry.kind,
        **_verdict(outlook),
        "currency": found.currency,
        "required_balance": _amount(outlook.required),
        "estimated_minimum_cost": _amount(outlook.cost),
        "protocols": [
            _protocol(request, call, told) for call, told in zip(calls, found.each, strict=True)
        ],
        "billing_detail_url": link(request, "/openapi/v1/billing/detail", **_detail_of(entry)),
        "monthly_statement_url": link(
            request, "/openapi/v1/billing/monthly-statement", month=found.month
        ),
    }
    return success(request, data)


def _verdict(outlook: Outlook) -> dict[str, Any]:
    reasons = [describe_reason(refusal) for refusal in outlook.refusals]
    return {"callable": outlook.callable, "blocking_reasons": reasons}


def _protocol(request: Request, call: SmallestCall, outlook: Outlook) -> dict[str, Any]:
    return {
        "name": call.surface.name,
        "method": "POST",
        "url": link(request, call.path),
        **_verdict(outlook),
        "example": call.body,
    }


def _detail_of(entry: Entry) -> dict[str, str]:
    """Select the calls of a model; those of an alias are under the models that answered."""
    return {"model": entry.id} if entry.type == MODEL else {}


def _amount(nanos: Nanos | None) -> str | None:
    return None if nanos is None else format_amount(nanos)
