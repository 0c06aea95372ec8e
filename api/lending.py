"""Connections of the worker's pool, lent: the long reads take turns, so that some stay free."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.requests import Request

from domain.errors import BillingUnavailableError

LONG_AT_ONCE: Final = 2
"""Long reads side by side in a worker: half of its pool, so that no other read waits for them."""


@asynccontextmanager
async def lent(pool: AsyncConnectionPool) -> AsyncGenerator[AsyncConnection[Any]]:
    """Lend a connection, or raise BillingUnavailableError."""
    try:
        async with pool.connection() as conn:
            yield conn
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise BillingUnavailableError from error


@asynccontextmanager
async def lent_for_long(request: Request) -> AsyncGenerator[AsyncConnection[Any]]:
    """Lend a connection for a read that may take minutes, or raise BillingUnavailableError.

    Whoever waits for a turn holds no connection meanwhile.
    """
    pool: AsyncConnectionPool = request.app.state.gateway.pool
    async with _turn(request), lent(pool) as conn:
        yield conn


def _turn(request: Request) -> asyncio.Semaphore:
    """Give the worker's one queue of long reads."""
    state = request.app.state
    if not hasattr(state, "long_reads"):
        state.long_reads = asyncio.Semaphore(LONG_AT_ONCE)
    turn: asyncio.Semaphore = state.long_reads
    return turn
