"""A customer's webhook: where it is, what is told there, what signs it, and whether it works."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from domain.alerts import Webhook
from domain.customer import Customer
from domain.decision import Decision
from domain.errors import ConflictError, RefusalError
from domain.find import must_find
from domain.moment import Moment
from domain.ports import Books

TEST_PAUSE: Final = timedelta(seconds=10)
"""Between two tests of one customer's webhook."""
OLD_SECRET_LASTS: Final = timedelta(hours=24)
"""How long messages are signed with the secret before, too."""


class TooSoonError(RefusalError):
    """Asked for again within moments; `retry_after` is in seconds."""

    code = "too_soon"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"This was asked for too often; try again in {retry_after} s.")
        self.retry_after = retry_after


class NoWebhookError(ConflictError):
    """There is no address that anything could be sent to."""

    code = "no_webhook"

    def __init__(self) -> None:
        super().__init__("There is no webhook; set its URL first.")


@dataclass(frozen=True, slots=True)
class WebhookTerms:
    """A customer's webhook as it is now."""

    webhook_id: UUID | None
    """Names the erasable text that holds its address."""
    types: tuple[str, ...]
    """What is told; none means all."""
    secrets: tuple[int, ...]
    """The numbers of the secrets that messages are signed with, the one in force first."""

    def check_there(self) -> None:
        """Raise NoWebhookError if there is no address."""
        if self.webhook_id is None:
            raise NoWebhookError


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What to change; None leaves what is told, False the address."""

    changes_address: bool = False
    webhook: Webhook | None = None
    types: Sequence[str] | None = None


def change_webhook(
    customer_id: UUID, change: WebhookChange, *, actor: str
) -> Decision[UUID | None]:
    """Change the address or what is told; decides which webhook was in force before."""

    def decide(books: Books) -> UUID | None:
        customer = must_find(books, Customer, customer_id, "customer")
        before = _webhook_id(customer)
        if change.changes_address:
            webhook = change.webhook
            customer.change_webhook(
                books.at,
                webhook_id=webhook.webhook_id.hex if webhook else None,
                url_hash=webhook.url_hash if webhook else None,
                actor=actor,
            )
        if change.types is not None:
            customer.subscribe(books.at, sorted(set(change.types)), actor=actor)
        return before

    return Decision((customer_id,), decide)


def rotate_secret(customer_id: UUID, *, actor: str) -> Decision[None]:
    """Sign with a new secret; the one before signs too until OLD_SECRET_LASTS is over.

    Never more than these two: rotated again before that, the first signs no more.
    """

    def decide(books: Books) -> None:
        customer = must_find(books, Customer, customer_id, "customer")
        customer.rotate_webhook_secret(books.at, actor=actor)

    return Decision((customer_id,), decide)


def try_webhook(customer_id: UUID, *, actor: str) -> Decision[None]:
    """Ask for a test message; raises NoWebhookError, or TooSoonError after another one."""

    def decide(books: Books) -> None:
        customer = must_find(books, Customer, customer_id, "customer")
        _terms(customer, books.at).check_there()
        tested = customer.webhook_tested_at
        wait = tested + TEST_PAUSE - books.at.now if tested else timedelta(0)
        if wait > timedelta(0):
            raise TooSoonError(-(-wait // timedelta(seconds=1)))
        customer.try_webhook(books.at, actor=actor)

    return Decision((customer_id,), decide)


def look_up_webhook(customer_id: UUID) -> Decision[WebhookTerms]:
    """Look where and what a customer is told, and with which secrets."""

    def look(books: Books) -> WebhookTerms:
        return _terms(must_find(books, Customer, customer_id, "customer"), books.at)

    return Decision((customer_id,), look)


def _terms(customer: Customer, at: Moment) -> WebhookTerms:
    number, rotated = customer.webhook_secret, customer.webhook_rotated_at
    fading = rotated is not None and at.now < rotated + OLD_SECRET_LASTS
    secrets = (number, number - 1) if fading else (number,)
    return WebhookTerms(_webhook_id(customer), tuple(customer.webhook_types), secrets)


def _webhook_id(customer: Customer) -> UUID | None:
    return UUID(customer.webhook_id) if customer.webhook_id else None
