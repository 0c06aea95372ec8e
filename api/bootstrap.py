"""The first start: the catalogue's prices, and a demo customer whose key works at once."""

from dataclasses import dataclass
from functools import partial

from adapters.ledger.connection import connect, open_pool
from adapters.ledger.group_commit import PostgresLedger
from adapters.ledger.texts import ErasableTexts
from api.catalog.file import Configured, price_page
from api.keys import display_of, new_secret
from api.minting import mint
from api.shard import SHARD
from domain import ids
from domain.api_key import PERMISSIONS
from domain.customer import Customer
from domain.decision import Decision
from domain.grants import PROMOTIONAL
from domain.manage import (
    NewCustomer,
    NewGrant,
    NewKey,
    create_key,
    grant_credit,
    publish_prices,
    register_customer,
)
from domain.money import NANOS_PER_UNIT

DEMO_CREDIT = 10 * NANOS_PER_UNIT
ACTOR = "bootstrap"


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo customer's key, in the clear for the only time."""

    secret: str
    model: str


async def publish(database_url: str, configuration: Configured) -> None:
    """Publish the catalogue's prices if they are not in force yet."""
    ledger = PostgresLedger(partial(connect, database_url), SHARD)
    await ledger.start()
    page = price_page(configuration.catalog)
    currency = configuration.catalog.currency
    try:
        await ledger.execute(publish_prices(SHARD, page, currency=currency, actor="config"))
    finally:
        await ledger.close()


async def make_demo(database_url: str, configuration: Configured) -> Demo | None:
    """Register the demo customer with its credit and a key, or None if that was done before."""
    ledger = PostgresLedger(partial(connect, database_url), SHARD)
    pool = await open_pool(database_url, 1)
    await ledger.start()
    try:
        if await _exists(ledger):
            return None
        return await _make(ledger, ErasableTexts(pool), configuration)
    finally:
        await ledger.close()
        await pool.close()


async def _exists(ledger: PostgresLedger) -> bool:
    customer_id = ids.named(SHARD, "demo-customer")
    found = Decision((customer_id,), lambda books: books.find(Customer, customer_id) is not None)
    return await ledger.read(found)


async def _make(ledger: PostgresLedger, texts: ErasableTexts, configuration: Configured) -> Demo:
    customer_id, wallet_id, key_id = ids.named(SHARD, "demo-customer"), mint(SHARD), mint(SHARD)
    secret = new_secret(SHARD)
    name_hash = await texts.put(customer_id, "customer_name", "Demo")
    key_hash = await texts.put(key_id, "api_key_name", "demo")
    currency = configuration.catalog.currency
    await ledger.execute(
        register_customer(NewCustomer(customer_id, wallet_id, currency, name_hash, ACTOR))
    )
    await ledger.execute(
        grant_credit(wallet_id, NewGrant(mint(SHARD), DEMO_CREDIT, PROMOTIONAL, ACTOR))
    )
    key = NewKey(
        key_id,
        ids.credential_id(secret, SHARD),
        display_of(secret),
        key_hash,
        ACTOR,
        allowed_models=[],
        allowed_providers=[],
        permissions=list(PERMISSIONS),
    )
    await ledger.execute(create_key(customer_id, wallet_id, key))
    return Demo(secret, next(iter(configuration.catalog.models)))
