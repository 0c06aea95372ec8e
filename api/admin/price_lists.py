"""PUT /admin/v1/customers/{id}/price-list: what a customer's calls are priced by from now on."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.admin.answers.customers import PriceListAnswer
from api.admin.auth import gateway_of
from api.admin.body import Fields, body_as
from api.admin.find import find_customer
from api.catalog.prices import Name
from api.document.operation import documented
from api.envelope import success
from api.operator import ACTOR
from domain.manage import change_price_list

router = APIRouter()


class CustomerPriceListFields(Fields):
    """A list of the catalogue, or null for the public prices."""

    price_list: Name | None


@router.put("/customers/{customer_id}/price-list", **documented(PriceListAnswer))
async def put_on(
    request: Request,
    customer_id: str,
    wanted: Annotated[CustomerPriceListFields, Depends(body_as(CustomerPriceListFields))],
) -> Response:
    """Price the customer's next calls by another list; calls in flight keep theirs."""
    customer = await find_customer(request, customer_id)
    command = change_price_list(customer.wallet_id, price_list=wanted.price_list, actor=ACTOR)
    price_list = await gateway_of(request).ledger.execute(command)
    return success(request, {"customer_id": customer_id, "price_list": price_list})
