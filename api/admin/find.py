"""Finding what a path names, in this shard and of the right kind."""

from typing import NamedTuple, TypeVar
from uuid import UUID

from fastapi import Request

from api.admin.auth import gateway_of
from domain import ids
from domain.aggregate import Recorded
from domain.customer import Customer
from domain.decision import Decision
from domain.errors import NotFoundError
from domain.find import must_find
from domain.ports import Books

A = TypeVar("A", bound=Recorded)

CUSTOMER = "customer"


class FoundCustomer(NamedTuple):
    """A customer that is there; none of this ever changes."""

    customer_id: UUID
    wallet_id: UUID
    currency: str


def parse_id(prefix: str, text: str, shard: int, what: str) -> UUID:
    """Read an id of this shard, or raise NotFoundError: no other could be found here."""
    parsed = ids.parse_public(prefix, text)
    if parsed is None or ids.shard_of(parsed) != shard:
        raise NotFoundError(what)
    return parsed


async def find(request: Request, kind: type[A], aggregate_id: UUID, what: str) -> A:
    """Find an aggregate, or raise NotFoundError; take from it only what never changes."""
    look = Decision((aggregate_id,), lambda books: must_find(books, kind, aggregate_id, what))
    return await gateway_of(request).ledger.read(look)


async def find_customer(request: Request, text: str) -> FoundCustomer:
    """Find a customer by its public id, or raise NotFoundError."""
    customer_id = parse_id(ids.CUSTOMER, text, gateway_of(request).shard, CUSTOMER)

    def look(books: Books) -> FoundCustomer:
        found = must_find(books, Customer, customer_id, CUSTOMER)
        return FoundCustomer(customer_id, UUID(found.wallet_id), found.currency)

    return await gateway_of(request).ledger.read(Decision((customer_id,), look))
