"""Decisions about alerts: what to watch, where to tell it, and whether a line was crossed."""

from dataclasses import dataclass
from uuid import UUID

from domain.api_key import ApiKey
from domain.customer import Customer
from domain.decision import Decision
from domain.find import must_find
from domain.money import Nanos
from domain.ports import Books
from domain.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Recharge:
    """How much more credit is wanted when there is only so little, in nanos."""

    below: Nanos
    amount: Nanos


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to tell it: an erasable text by its id, and the text's salted hash."""

    webhook_id: UUID
    url_hash: str


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What to change; None and False leave what is there."""

    thresholds: list[Nanos] | None = None
    quota_percents: list[int] | None = None
    changes_recharge: bool = False
    recharge: Recharge | None = None
    changes_webhook: bool = False
    webhook: Webhook | None = None


def change_alerts(
    customer_id: UUID, wallet_id: UUID, change: AlertChange, *, actor: str
) -> Decision[UUID | None]:
    """Change what is watched and where it is told; decides which webhook was in force before."""

    def decide(books: Books) -> UUID | None:
        wallet = must_find(books, Wallet, wallet_id, "wallet")
        customer = must_find(books, Customer, customer_id, "customer")
        before = customer.webhook_id
        below, amount = wallet.recharge_below, wallet.recharge_amount
        if change.changes_recharge:
            wanted = change.recharge
            below, amount = (wanted.below, wanted.amount) if wanted else (None, None)
        kept = wallet.alert_thresholds if change.thresholds is None else change.thresholds
        percents = wallet.quota_percents if change.quota_percents is None else change.quota_percents
        wallet.change_alerts(
            books.at,
            thresholds=kept,
            quota_percents=percents,
            recharge_below=below,
            recharge_amount=amount,
            actor=actor,
        )
        if change.changes_webhook:
            webhook = change.webhook
            customer.change_webhook(
                books.at,
                webhook_id=webhook.webhook_id.hex if webhook else None,
                url_hash=webhook.url_hash if webhook else None,
                actor=actor,
            )
        return UUID(before) if before else None

    return Decision((wallet_id, customer_id), decide)


def check_quota_alerts(wallet_id: UUID, key_id: UUID) -> Decision[int]:
    """Look how much of its quota a key has spent; decides how many of the percents it reached."""

    def decide(books: Books) -> int:
        wallet, key = books.find(Wallet, wallet_id), books.find(ApiKey, key_id)
        if wallet is None or key is None or key.wallet_id != wallet_id.hex:
            return 0
        return key.check_quota_alerts(books.at, wallet.quota_percents)

    return Decision((wallet_id, key_id), decide)


def check_alerts(wallet_id: UUID) -> Decision[int]:
    """Look on which side of its lines a wallet is; decides how many it crossed."""

    def decide(books: Books) -> int:
        wallet = books.find(Wallet, wallet_id)
        return wallet.check_alerts(books.at) if wallet else 0

    return Decision((wallet_id,), decide)
