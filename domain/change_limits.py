"""Decisions of operators about rate limits; the whole set is replaced at once."""

from uuid import UUID

from domain.api_key import ApiKey
from domain.customer import Customer
from domain.decision import Decision
from domain.find import must_find
from domain.limits import CallLimits, Limits
from domain.ports import Books


def change_key_limits(key_id: UUID, limits: Limits, *, actor: str) -> Decision[None]:
    """Limit a key from now on."""

    def decide(books: Books) -> None:
        must_find(books, ApiKey, key_id, "key").change_limits(books.at, limits, actor=actor)

    return Decision((key_id,), decide)


def change_customer_limits(customer_id: UUID, limits: Limits, *, actor: str) -> Decision[None]:
    """Limit all of a customer's keys together from now on."""

    def decide(books: Books) -> None:
        customer = must_find(books, Customer, customer_id, "customer")
        customer.change_limits(books.at, limits, actor=actor)

    return Decision((customer_id,), decide)


def look_at_limits(key_id: UUID, customer_id: UUID) -> Decision[CallLimits]:
    """Tell what limits a key's calls now; a key or customer that is not there has no limits."""

    def decide(books: Books) -> CallLimits:
        key, customer = books.find(ApiKey, key_id), books.find(Customer, customer_id)
        found = CallLimits()
        return CallLimits(
            found.key if key is None else key.limits,
            found.customer if customer is None else customer.limits,
        )

    return Decision((key_id, customer_id), decide)
