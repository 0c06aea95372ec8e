"""Changing a customer's profile: whom bills are for, what cuts its months, and its webhook."""

from dataclasses import dataclass
from uuid import UUID

from domain.alerts import Webhook
from domain.calendar import Calendar
from domain.customer import Customer
from domain.decision import Decision
from domain.find import must_find
from domain.manager import Manager
from domain.ports import Books
from domain.reserve_call import Identity
from domain.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Contact:
    """A billing contact: an erasable text by its id, and the text's salted hash."""

    contact_id: UUID
    contact_hash: str


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What to change; None and False leave what is there."""

    zone: str | None = None
    changes_contact: bool = False
    contact: Contact | None = None
    changes_webhook: bool = False
    webhook: Webhook | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """Which erasable texts a change left without a use."""

    contact_id: UUID | None = None
    webhook_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What the ledger says of a customer."""

    currency: str
    zone: str
    """Whose midnights cut the month that we are in."""
    next_zone: tuple[str, str] | None
    """(zone, from which month on), if that is to change."""
    contact_id: UUID | None
    status: str


def change_profile(who: Identity, change: ProfileChange, manager: Manager) -> Decision[Replaced]:
    """Change all of it in one commit; decides which texts can be erased now.

    Raises UnknownZoneError.
    """

    def decide(books: Books) -> Replaced:
        manager.check(books)
        customer = must_find(books, Customer, who.customer_id, "customer")
        wallet = must_find(books, Wallet, who.wallet_id, "wallet")
        contact_id, webhook_id = customer.contact_id, customer.webhook_id
        if change.zone is not None:
            wallet.change_time_zone(books.at, zone=change.zone, actor=manager.actor)
        if change.changes_contact:
            contact = change.contact
            customer.change_contact(
                books.at,
                contact_id=contact.contact_id.hex if contact else None,
                contact_hash=contact.contact_hash if contact else None,
                actor=manager.actor,
            )
        if change.changes_webhook:
            webhook = change.webhook
            customer.change_webhook(
                books.at,
                webhook_id=webhook.webhook_id.hex if webhook else None,
                url_hash=webhook.url_hash if webhook else None,
                actor=manager.actor,
            )
        return Replaced(
            _id(contact_id) if change.changes_contact else None,
            _id(webhook_id) if change.changes_webhook else None,
        )

    return Decision((who.customer_id, who.wallet_id, *manager.ids), decide)


def look_up_profile(who: Identity) -> Decision[Profile]:
    """Look what the ledger says of a customer now."""

    def look(books: Books) -> Profile:
        customer = must_find(books, Customer, who.customer_id, "customer")
        wallet = must_find(books, Wallet, who.wallet_id, "wallet")
        period = wallet.calendar.period_of(books.at.now)
        return Profile(
            customer.currency,
            wallet.calendar.zone_of(period),
            _next_zone(wallet.calendar, period),
            _id(customer.contact_id),
            _status(wallet, wallet.debt_at(books.at)),
        )

    return Decision((who.customer_id, who.wallet_id), look)


def _next_zone(calendar: Calendar, period: str) -> tuple[str, str] | None:
    start, zone = calendar.zones[-1]
    return (zone, start) if start > period else None


def _status(wallet: Wallet, debt: int) -> str:
    if wallet.frozen:
        return "frozen"
    return "in_debt" if debt > wallet.overdraft_limit else "active"


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
