"""GET /openapi/v1/client: whose key this is, and what it may do."""

from fastapi import APIRouter, Request, Response

from api.admin.auth import gateway_of
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.client import ClientAnswer
from api.openapi.caller import Caller
from api.openapi.key_views import describe_one
from api.openapi.query import Query
from domain import ids
from domain.change_profile import look_up_profile
from projections.read_customers import CUSTOMER_NAME

router = APIRouter()


@router.get("/client", **documented(ClientAnswer))
async def get_client(request: Request, caller: Caller) -> Response:
    """Tell who asks: the customer, whether it may make calls, and the key with its scope."""
    Query(request, ())
    gateway = gateway_of(request)
    found = await gateway.ledger.read(look_up_profile(caller))
    data = {
        "customer_id": ids.public(ids.CUSTOMER, caller.customer_id),
        "name": await gateway.texts.get(caller.customer_id, CUSTOMER_NAME),
        "currency": found.currency,
        "status": found.status,
        "api_key": await describe_one(request, caller, caller.key_id),
    }
    return success(request, data)
