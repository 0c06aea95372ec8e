"""What a customer's policies do to a call before it is held for, and whether they still stand."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.context_policy import WHOLE, ContextPolicy
from domain.customer import Customer
from domain.decision import Decision
from domain.errors import RefusalError
from domain.find import must_find
from domain.ports import Books
from domain.security_policy import OPEN, SecurityPolicy


class PolicyChangedError(RefusalError):
    """The customer's policy changed while the call was prepared: it is to be prepared again."""

    code = "policy_changed"
    retry_after = 1

    def __init__(self) -> None:
        super().__init__("The account's policy is being changed. Try again.")


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """Both policies as of one change of either; `version` counts the changes."""

    version: int = 0
    security: SecurityPolicy = OPEN
    context: ContextPolicy = WHOLE


PLAIN: Final = CallPolicy()


def look_up_call_policy(customer_id: UUID) -> Decision[CallPolicy]:
    """Look what a customer asks of its calls."""

    def look(books: Books) -> CallPolicy:
        customer = must_find(books, Customer, customer_id, "customer")
        return CallPolicy(customer.policy_version, customer.security, customer.context)

    return Decision((customer_id,), look)
