"""Where a customer wants to be told: kept where it can be erased, and there before its event."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from adapters.ledger.texts import Naming
from adapters.webhooks.endpoint import URL_MAX, parse_endpoint
from api.admin.body import Fields
from api.admin.texts import erase_now, kept
from api.errors import InvalidFieldError
from api.gateway import Gateway
from api.webhook_endpoints import WEBHOOK_URL, signer_of
from domain.alerts import Webhook


def _endpoint(url: str) -> str:
    return parse_endpoint(url).url


WebhookUrl = Annotated[str, Field(max_length=URL_MAX), AfterValidator(_endpoint)]
"""A plain https address on the public Internet."""


@asynccontextmanager
async def keeping_address(
    gateway: Gateway, customer_id: UUID, fields: Fields, param: str
) -> AsyncGenerator[Webhook | None]:
    """Keep the address in a field as an erasable text of its own: a refusal leaves the old one.

    Raises InvalidFieldError, naming the parameter, on a gateway that sends no webhooks.
    """
    url: str | None = getattr(fields, param)
    naming = Naming(customer_id, "webhook_id")
    if url is None:
        if param in fields.model_fields_set:
            await gateway.texts.due(WEBHOOK_URL, naming)
        yield None
        return
    if signer_of(gateway.settings) is None:
        message = f"'{param}': this gateway sends no webhooks; ask its operator."
        raise InvalidFieldError(message, param)
    webhook_id = gateway.mint()
    async with kept(gateway.texts, webhook_id, WEBHOOK_URL, url, naming) as url_hash:
        yield Webhook(webhook_id, url_hash)


async def forget_address(gateway: Gateway, before: UUID | None) -> None:
    """Erase the address that was in force before another."""
    if before is not None:
        await erase_now(gateway.texts, before, WEBHOOK_URL)
