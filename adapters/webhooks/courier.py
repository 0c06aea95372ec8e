"""The courier: sends what is due, and again later what was not accepted."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters.webhooks.outbox import DELIVERED, GIVEN_UP, Delivery, claim, record
from adapters.webhooks.sender import Answer, WebhookSender
from adapters.webhooks.signature import Signer

AT_ONCE: Final = 20
"""Customers that are called at the same time."""
FIRST_PAUSE_SECONDS: Final = 10.0
LAST_PAUSE_SECONDS: Final = 6 * 3600.0
NO_ENDPOINT: Final = "no_endpoint"
OUR_FAULT: Final = "internal_error"
GONE: Final = 410
"""An answer that asks never to be sent this again."""


class Destination(NamedTuple):
    """Where a customer's messages go, and the numbers of the secrets that sign them."""

    url: str
    secrets: tuple[int, ...]


FindDestination = Callable[[UUID], Awaitable[Destination | None]]

_log = logging.getLogger("tollbook.webhooks")


class Courier:
    """Sends in passes; `find_destination` gives a customer's as it is now."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        sender: WebhookSender,
        signer: Signer,
        find_destination: FindDestination,
        *,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pool = pool
        self._sender = sender
        self._signer = signer
        self._find_destination = find_destination
        self._chance = chance
        self._clock = clock

    async def deliver(self) -> int:
        """Send some of what is due; returns how many attempts were made."""
        async with self._pool.connection() as conn:
            due = await claim(conn, AT_ONCE)
        ended = await asyncio.gather(*map(self._attempt, due), return_exceptions=True)
        # One that failed here is sent again when its lease is over; the others were recorded.
        for failure in ended:
            if failure is not None:
                raise failure
        return len(due)

    async def _attempt(self, delivery: Delivery) -> None:
        there = await self._find_destination(delivery.customer_id)
        try:
            answer = await self._send(delivery, there) if there else Answer(None, NO_ENDPOINT)
        except Exception:  # noqa: BLE001  it is recorded, as every failure is
            # Counted as a try, so that one that always fails is given up in the end.
            _log.exception("a webhook failed by a fault of ours")
            answer = Answer(None, OUR_FAULT)
        error = None if answer.accepted else answer.error or f"http_{answer.status}"
        never = there is None or answer.status == GONE
        async with self._pool.connection() as conn:
            status = await record(
                conn,
                delivery,
                http_status=answer.status,
                error=error,
                pause_seconds=None if never else pause(delivery.attempts, self._chance()),
            )
        level = logging.WARNING if status == GIVEN_UP else logging.INFO
        facts = {"webhook_id": delivery.webhook_id, "attempts": delivery.attempts, "error": error}
        _log.log(level, "a webhook was %s", status if status == DELIVERED else "tried", extra=facts)

    async def _send(self, delivery: Delivery, there: Destination) -> Answer:
        headers = self._signer.headers(
            delivery.customer_id,
            webhook_id=delivery.webhook_id,
            timestamp=int(self._clock()),
            body=delivery.body,
            numbers=there.secrets,
        )
        return await self._sender.send(there.url, headers, delivery.body)


def pause(attempts: int, chance: float) -> float:
    """Tell how long to wait after so many attempts: twice as long each time, by chance up to half.

    The chance, from 0 to 1, keeps those who failed together from coming back together.
    """
    doubled = FIRST_PAUSE_SECONDS * float(1 << min(attempts - 1, 20))
    whole = min(doubled, LAST_PAUSE_SECONDS)
    return whole * (1 + chance) / 2
