"""Changing a customer's routing policy, all of it or some."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.customer import Customer
from domain.decision import Decision
from domain.find import must_find
from domain.ports import Books
from domain.routing_policy import RoutingPolicy


def change_routing(
    customer_id: UUID, fields: Mapping[str, Any], *, actor: str
) -> Decision[RoutingPolicy]:
    """Change these fields of `RoutingPolicy` and leave the others; decides the whole policy."""

    def decide(books: Books) -> RoutingPolicy:
        customer = must_find(books, Customer, customer_id, "customer")
        policy = replace(customer.routing, **fields)
        customer.change_routing(books.at, policy, actor=actor)
        return policy

    return Decision((customer_id,), decide)


def look_up_routing(customer_id: UUID) -> Decision[RoutingPolicy]:
    """Look what policy a customer has."""

    def look(books: Books) -> RoutingPolicy:
        return must_find(books, Customer, customer_id, "customer").routing

    return Decision((customer_id,), look)
