"""Rounds: work that is done every so often in the background, and again after it failed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import psycopg
from psycopg_pool import PoolTimeout

from domain.errors import BillingUnavailableError

_log = logging.getLogger("tollbook.rounds")


async def repeat(
    work: Callable[[], Awaitable[object]], every_seconds: float, stop: asyncio.Event
) -> None:
    """Work until stopped; whatever a round fails with is logged, and the next one is made.

    What else runs in this process must not end because of one customer's data.
    """
    while not stop.is_set():
        try:
            await work()
        except (BillingUnavailableError, psycopg.Error, PoolTimeout) as error:
            _log.warning("a round failed", extra={"error": repr(error)})
        except Exception:  # noqa: BLE001  logged with its trace
            _log.exception("a round failed by a fault of ours")
        try:
            async with asyncio.timeout(every_seconds):
                await stop.wait()
        except TimeoutError:
            continue
