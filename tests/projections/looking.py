"""Looking at the read models as the gateway does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg

from adapters.ledger.connection import GATEWAY_ROLE

T = TypeVar("T")

Looking = psycopg.AsyncConnection[Any]


@asynccontextmanager
async def looking(url: str) -> AsyncIterator[Looking]:
    """A connection as the gateway has it."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute(f"SET ROLE {GATEWAY_ROLE}".encode())
        yield conn


def ask(url: str, question: Callable[[Looking], Awaitable[T]]) -> T:
    async def asked() -> T:
        async with looking(url) as conn:
            return await question(conn)

    return asyncio.run(asked())
