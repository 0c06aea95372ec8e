"""Customers' webhooks between the ledger, the erasable texts and the operator's secret."""

from typing import Final
from uuid import UUID

from adapters.ledger.texts import ErasableTexts
from adapters.webhooks.courier import Destination
from adapters.webhooks.messages import TEST, Addressee, News
from adapters.webhooks.signature import Signer
from api.settings import Settings
from domain.api_key import ApiKey
from domain.change_webhook import WebhookTerms, look_up_webhook
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

        def whose(books: Books) -> UUID:
            if found := books.find(Customer, news.owner_id):
                return found.id
            belongs = books.find(Wallet, news.owner_id) or books.find(ApiKey, news.owner_id)
            assert belongs is not None, "news are of a customer, a wallet or a key"
            return UUID(belongs.customer_id)

        customer_id = await self._ledger.read(Decision((news.owner_id,), whose))

        def wants(books: Books) -> Addressee | None:
            customer = books.find(Customer, customer_id)
            assert customer is not None, "whatever belongs to a customer has one"
            return Addressee(customer_id, customer.currency) if _wants(customer, news) else None

        return await self._ledger.read(Decision((customer_id,), wants))

    async def destination(self, customer_id: UUID) -> Destination | None:
        """Find where a customer is told as of now, or None if that is nowhere, or was erased."""
        terms = await self._ledger.read(look_up_webhook(customer_id))
        url = await self.url(terms)
        return Destination(url, terms.secrets) if url is not None else None

    async def url(self, terms: WebhookTerms) -> str | None:
        """Find the address, or None if there is none or it was erased."""
        return await self._texts.get(terms.webhook_id, WEBHOOK_URL) if terms.webhook_id else None


def _wants(customer: Customer, news: News) -> bool:
    """Tell whether a customer is told of something; of a test it always is."""
    since = customer.webhook_since if customer.webhook_id else None
    types = customer.webhook_types
    chosen = not types or news.type in types or news.type == TEST
    return chosen and since is not None and since <= news.fact.timestamp
