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
    """Work until stopped; a round that the database fails is logged and made again."""
    while not stop.is_set():
        try:
            await work()
        except (BillingUnavailableError, psycopg.Error, PoolTimeout) as error:
            _log.warning("a round failed", extra={"error": repr(error)})
        try:
            async with asyncio.timeout(every_seconds):
                await stop.wait()
        except TimeoutError:
            continue
