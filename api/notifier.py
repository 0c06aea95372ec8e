"""The notifier: has wallets look at their alert lines, and tells customers what happened."""

import asyncio

from psycopg_pool import AsyncConnectionPool

from adapters.ledger.texts import ErasableTexts
from adapters.webhooks.courier import Courier
from adapters.webhooks.outbox import fill
from adapters.webhooks.sender import WebhookSender
from adapters.webhooks.signature import Signer
from api.rounds import repeat
from api.webhook_endpoints import WebhookEndpoints
from domain.alerts import check_alerts, check_quota_alerts
from domain.ports import Ledger
from projections.alerts import crossed, suspect_keys


class Notifier:
    """Two rounds: one looks and writes down what is to be told, the other tells it.

    A read model names suspects and the wallet decides, so any number of these may run. Without a
    signer nothing is told, and what happens meanwhile waits in the log.
    """

    def __init__(
        self,
        ledger: Ledger,
        pool: AsyncConnectionPool,
        signer: Signer | None,
        sender: WebhookSender | None = None,
    ) -> None:
        self._ledger = ledger
        self._pool = pool
        self._endpoints = WebhookEndpoints(ledger, ErasableTexts(pool))
        self._courier: Courier | None = None
        if signer is not None:
            sender = sender or WebhookSender()
            self._courier = Courier(pool, sender, signer, self._endpoints.url)

    async def run(self, every_seconds: float, stop: asyncio.Event) -> None:
        """Make both rounds until stopped; a slow endpoint delays no alert."""

        async def tell() -> None:
            while not stop.is_set() and await self.tell():
                pass

        await asyncio.gather(
            repeat(self.look, every_seconds, stop), repeat(tell, every_seconds, stop)
        )

    async def look(self) -> int:
        """Make one round of looking; returns how many lines were found crossed."""
        async with self._pool.connection() as conn:
            wallets, keys = await crossed(conn), await suspect_keys(conn)
        found = 0
        for wallet_id in wallets:
            found += await self._ledger.execute(check_alerts(wallet_id))
        for wallet_id, key_id in keys:
            found += await self._ledger.execute(check_quota_alerts(wallet_id, key_id))
        if self._courier is not None:
            async with self._pool.connection() as conn:
                while not await fill(conn, self._endpoints.addressee):
                    pass
        return found

    async def tell(self) -> int:
        """Send some of what is due; returns how many attempts were made."""
        return 0 if self._courier is None else await self._courier.deliver()
