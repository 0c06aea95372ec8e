"""Rate limits of keys and customers: look at them, and replace them as a whole."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from api.admin.answers.customers import CustomerLimitsAnswer, KeyLimitsAnswer
from api.admin.auth import gateway_of
from api.admin.body import Fields, body_as
from api.admin.find import CUSTOMER, find_customer, parse_id
from api.document.operation import documented
from api.envelope import success
from api.operator import ACTOR
from domain import ids
from domain.api_key import ApiKey
from domain.change_limits import change_customer_limits, change_key_limits
from domain.customer import Customer
from domain.decision import Decision
from domain.find import must_find
from domain.limits import Limits
from domain.ports import Books

PER_MINUTE_MAX: Final = 30_000_000
"""Beyond this the limiter's microseconds are too coarse."""
PARALLEL_MAX: Final = 1_000_000
KEY: Final = "key"

PerMinute = Annotated[int, Field(ge=1, le=PER_MINUTE_MAX)]

router = APIRouter()


class LimitFields(Fields):
    """The whole set: what is left out, or null, is not limited.

    A key's limits are its own, also where another key made it: only the customer's limits bound
    what all of its keys call together.
    """

    requests_per_minute: PerMinute | None = None
    tokens_per_minute: PerMinute | None = None
    parallel_calls: Annotated[int, Field(ge=1, le=PARALLEL_MAX)] | None = None

    def limits(self) -> Limits:
        """Give what the domain calls them."""
        return Limits(**self.model_dump())


Given = Annotated[LimitFields, Depends(body_as(LimitFields))]


@router.get("/customers/{customer_id}/limits", **documented(CustomerLimitsAnswer))
async def get_of_customer(request: Request, customer_id: str) -> Response:
    """Look at what limits all of a customer's keys together."""
    found = await find_customer(request, customer_id)

    def look(books: Books) -> Limits:
        return must_find(books, Customer, found.customer_id, CUSTOMER).limits

    limits = await gateway_of(request).ledger.read(Decision((found.customer_id,), look))
    return success(request, {"customer_id": customer_id, **limits.facts()})


@router.put("/customers/{customer_id}/limits", **documented(CustomerLimitsAnswer))
async def change_of_customer(request: Request, customer_id: str, given: Given) -> Response:
    """Limit all of a customer's keys together; obeyed at the latest one call later."""
    customer = await find_customer(request, customer_id)
    limits = given.limits()
    command = change_customer_limits(customer.customer_id, limits, actor=ACTOR)
    await gateway_of(request).ledger.execute(command)
    return success(request, {"customer_id": customer_id, **limits.facts()})


@router.get("/api-keys/{api_key_id}/limits", **documented(KeyLimitsAnswer))
async def get_of_key(request: Request, api_key_id: str) -> Response:
    """Look at what limits a key."""
    key_id = parse_id(ids.KEY, api_key_id, gateway_of(request).shard, KEY)

    def look(books: Books) -> Limits:
        return must_find(books, ApiKey, key_id, KEY).limits

    limits = await gateway_of(request).ledger.read(Decision((key_id,), look))
    return success(request, {"api_key_id": api_key_id, **limits.facts()})


@router.put("/api-keys/{api_key_id}/limits", **documented(KeyLimitsAnswer))
async def change_of_key(request: Request, api_key_id: str, given: Given) -> Response:
    """Limit a key; obeyed at the latest one call later."""
    key_id = parse_id(ids.KEY, api_key_id, gateway_of(request).shard, KEY)
    limits = given.limits()
    command = change_key_limits(key_id, limits, actor=ACTOR)
    await gateway_of(request).ledger.execute(command)
    return success(request, {"api_key_id": api_key_id, **limits.facts()})
