"""Waiting for the seal: a statement names a signed tree that the books it is drawn from are in."""

import asyncio
import time
from typing import Final

from psycopg_pool import AsyncConnectionPool

from api.closing import Seal, unsealed
from api.settings import Settings
from domain.errors import GatewayError

PATIENCE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.1

_COVERING: Final = "SELECT min(tree_size) FROM public.seal_heads WHERE position >= %s"


class SealPendingError(GatewayError):
    """The log was not signed in time; what was closed is closed, and can be issued later."""

    code = "seal_pending"
    retry_after = 30

    def __init__(self, position: int) -> None:
        super().__init__(
            f"The log is not sealed up to position {position} yet: is the sealer running? "
            "The months are closed; close them again to issue their statements."
        )


def seal_of(settings: Settings, pool: AsyncConnectionPool) -> Seal:
    """Give what waits for the sealer of a running `serve`, or does not if there is no key."""
    return unsealed if settings.seal_key_file is None else waiting_on(pool)


def waiting_on(pool: AsyncConnectionPool, patience_seconds: float = PATIENCE_SECONDS) -> Seal:
    """Wait until somebody else has sealed, or raise SealPendingError."""

    async def wait(position: int) -> int | None:
        deadline = time.monotonic() + patience_seconds
        while True:
            async with pool.connection() as conn:
                row = await (await conn.execute(_COVERING, (position,))).fetchone()
            if row is not None and row[0] is not None:
                return int(row[0])
            if time.monotonic() >= deadline:
                raise SealPendingError(position)
            await asyncio.sleep(PAUSE_SECONDS)

    return wait
