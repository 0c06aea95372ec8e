"""The sweeper: every so often, ends what has run out, settles what was spooled, erases texts."""

import asyncio
import logging

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.ledger.group_commit import PostgresLedger
from adapters.ledger.settling import SettlingLedger
from adapters.ledger.text_sweep import sweep_texts
from domain.errors import BillingUnavailableError
from domain.sweep import SweepWallet
from projections.suspects import suspects

_log = logging.getLogger("tollbook.sweeper")


class Sweeper:
    """Asks a read model for suspects; the ledger decides which of them are due."""

    def __init__(
        self, ledger: PostgresLedger, calls: SettlingLedger, pool: AsyncConnectionPool
    ) -> None:
        self._ledger = ledger
        self._calls = calls
        self._pool = pool

    async def run(self, every_seconds: float, stop: asyncio.Event) -> None:
        """Sweep until stopped; a pass that fails is logged and made again."""
        while not stop.is_set():
            try:
                await self.sweep()
            except (BillingUnavailableError, psycopg.Error, PoolTimeout) as error:
                _log.warning("a sweep failed", extra={"error": repr(error)})
            try:
                async with asyncio.timeout(every_seconds):
                    await stop.wait()
            except TimeoutError:
                continue

    async def sweep(self) -> int:
        """Make one pass; returns how many calls ended with an unknown outcome."""
        await self._calls.replay()
        async with self._pool.connection() as conn:
            found = await suspects(conn)
        lost = 0
        for wallet_id, key_ids, request_ids in found:
            command = SweepWallet(wallet_id, tuple(key_ids), tuple(request_ids))
            lost += await self._ledger.execute(command)
        if lost:
            _log.warning("calls ended with an unknown outcome", extra={"calls": lost})
        if erased := await sweep_texts(self._pool):
            _log.info("texts without a use were erased", extra={"texts": erased})
        return lost
