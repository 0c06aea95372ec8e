"""The seal of a close: a statement names a signed tree that the books it is drawn from are in."""

import asyncio
import time
from functools import partial
from typing import Final

from psycopg_pool import AsyncConnectionPool

from adapters.ledger.connection import connect
from adapters.seal.keys import read_key
from adapters.seal.sealer import CHANNEL, seal_now
from api.closing import Seal, SealPendingError, unsealed
from api.lending import lent
from api.sealing import archive_of
from api.settings import Settings

MARGIN_SECONDS: Final = 60.0
"""How much longer than its rounds the sealer may take."""
PAUSE_SECONDS: Final = 0.1

_COVERING: Final = "SELECT min(tree_size) FROM public.seal_heads WHERE position >= %s"


def seal_of(settings: Settings, pool: AsyncConnectionPool) -> Seal:
    """Give what waits for the sealer of a running `serve`, or does not if there is no key."""
    if settings.seal_key_file is None:
        return unsealed
    return waiting_on(pool, settings.seal_seconds + MARGIN_SECONDS)


def signing(settings: Settings, database_url: str) -> Seal:
    """Give what signs the log itself, as its owner, or does nothing if there is no key.

    Raises SealKeyError; signing raises SealBrokenError, or OSError from the archive.
    """
    if settings.seal_key_file is None:
        return unsealed
    owner = partial(connect, database_url, role=None)
    sign = partial(seal_now, owner, read_key(settings.seal_key_file), archive_of(settings))

    async def signed(position: int) -> int | None:
        head = await asyncio.to_thread(sign)
        assert head is not None, "what was closed is in the log"
        assert head.position >= position, "all that was committed is sealed"
        return head.tree_size

    return signed


def waiting_on(pool: AsyncConnectionPool, patience_seconds: float) -> Seal:
    """Wait until somebody else has sealed, or raise SealPendingError or BillingUnavailableError."""

    async def wait(position: int) -> int | None:
        deadline = time.monotonic() + patience_seconds
        async with lent(pool) as conn:
            await conn.execute(f"NOTIFY {CHANNEL}")
        while True:
            async with lent(pool) as conn:
                row = await (await conn.execute(_COVERING, (position,))).fetchone()
            if row is not None and row[0] is not None:
                return int(row[0])
            if time.monotonic() >= deadline:
                raise SealPendingError(position)
            await asyncio.sleep(PAUSE_SECONDS)

    return wait
