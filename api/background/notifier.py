"""The notifier: has wallets look at their alert lines, and tells customers what happened."""

import asyncio

from psycopg_pool import AsyncConnectionPool

from adapters.ledger.texts import ErasableTexts
from adapters.webhooks.courier import Courier
from adapters.webhooks.outbox import fill
from adapters.webhooks.sender import WebhookSender
from adapters.webhooks.signature import Signer
from api.background.rounds import repeat
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
            self._courier = Courier(pool, sender, signer, self._endpoints.destination)

    async def run(self, every_seconds: float, stop: asyncio.Event) -> None:
        """Make every round until stopped; a slow or failing one delays no other."""

        async def tell() -> None:
            while not stop.is_set() and await self.tell():
                pass

        looks = (self.look_at_balances, self.look_at_quotas, self.collect, tell)
        await asyncio.gather(*(repeat(look, every_seconds, stop) for look in looks))

    async def look(self) -> int:
        """Look at everything once; returns how many lines were found crossed."""
        found = await self.look_at_balances() + await self.look_at_quotas()
        await self.collect()
        return found

    async def look_at_balances(self) -> int:
        """Look at balances; returns how many lines were found crossed."""
        async with self._pool.connection() as conn:
            wallets = await crossed(conn)
        return sum([await self._ledger.execute(check_alerts(i)) for i in wallets])

    async def look_at_quotas(self) -> int:
        """Look at keys' quotas; returns how many percents were reached."""
        async with self._pool.connection() as conn:
            keys = await suspect_keys(conn)
        return sum([await self._ledger.execute(check_quota_alerts(*key)) for key in keys])

    async def collect(self) -> None:
        """Put what has happened since into the outbox."""
        if self._courier is not None:
            async with self._pool.connection() as conn:
                while not await fill(conn, self._endpoints.addressee):
                    pass

    async def tell(self) -> int:
        """Send some of what is due; returns how many attempts were made."""
        return 0 if self._courier is None else await self._courier.deliver()
