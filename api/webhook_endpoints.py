"""Customers' webhooks between the ledger, the erasable texts and the operator's secret."""

from typing import Final
from uuid import UUID

from adapters.ledger.texts import ErasableTexts
from adapters.webhooks.messages import Addressee, News
from adapters.webhooks.signature import Signer
from api.settings import Settings
from domain.customer import Customer
from domain.decision import Decision
from domain.ports import Books, Ledger
from domain.wallet import Wallet

WEBHOOK_URL: Final = "webhook_url"
"""The kind of erasable text; its subject is the webhook's id, another one for each address."""


def signer_of(settings: Settings) -> Signer | None:
    """Build what signs, or None on a gateway that sends no webhooks."""
    return Signer(settings.webhook_secret) if settings.webhook_secret else None


class WebhookEndpoints:
    """Finds whom to tell, and where."""

    def __init__(self, ledger: Ledger, texts: ErasableTexts) -> None:
        self._ledger = ledger
        self._texts = texts

    async def addressee(self, news: News) -> Addressee | None:
        """Find whose news these are, or None if that customer wanted none when it happened."""

        def look_at_wallet(books: Books) -> tuple[UUID, str]:
            wallet = books.find(Wallet, news.wallet_id)
            assert wallet is not None, "news are of a wallet"
            return UUID(wallet.customer_id), wallet.currency

        wallet = Decision((news.wallet_id,), look_at_wallet)
        customer_id, currency = await self._ledger.read(wallet)

        def wants(books: Books) -> bool:
            customer = books.find(Customer, customer_id)
            assert customer is not None, "a wallet is of a customer"
            since = customer.webhook_since if customer.webhook_id else None
            return since is not None and since <= news.fact.timestamp

        wanted = await self._ledger.read(Decision((customer_id,), wants))
        return Addressee(customer_id, currency) if wanted else None

    async def url(self, customer_id: UUID) -> str | None:
        """Find the address as it is now, or None if there is none or it was erased."""

        def look(books: Books) -> str | None:
            customer = books.find(Customer, customer_id)
            return customer.webhook_id if customer else None

        webhook_id = await self._ledger.read(Decision((customer_id,), look))
        return await self._texts.get(UUID(webhook_id), WEBHOOK_URL) if webhook_id else None
