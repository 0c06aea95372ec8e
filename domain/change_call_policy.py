"""Changing what a customer's policies do to its calls, all of a policy or some."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.context_policy import ContextPolicy
from domain.customer import Customer
from domain.decision import Decision
from domain.find import must_find
from domain.ports import Books
from domain.security_policy import SecurityPolicy


def change_security(
    customer_id: UUID, fields: Mapping[str, Any], *, actor: str
) -> Decision[SecurityPolicy]:
    """Change these fields of `SecurityPolicy` and leave the others; decides the policy before."""

    def decide(books: Books) -> SecurityPolicy:
        customer = must_find(books, Customer, customer_id, "customer")
        before = customer.security
        customer.change_security(books.at, replace(before, **fields), actor=actor)
        return before

    return Decision((customer_id,), decide)


def change_context(
    customer_id: UUID, fields: Mapping[str, Any], *, actor: str
) -> Decision[ContextPolicy]:
    """Change these fields of `ContextPolicy` and leave the others; decides the whole policy."""

    def decide(books: Books) -> ContextPolicy:
        customer = must_find(books, Customer, customer_id, "customer")
        policy = replace(customer.context, **fields)
        customer.change_context(books.at, policy, actor=actor)
        return policy

    return Decision((customer_id,), decide)
