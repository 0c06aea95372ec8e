"""Long reads: one moment of everything, by queries that may take their time."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import dict_row

FETCHED: Final = 500
"""Rows that are taken at once: a server's event loop goes on in between."""

Row = dict[str, Any]


@asynccontextmanager
async def long_read(conn: AsyncConnection[Any]) -> AsyncGenerator[None]:
    """See one moment until the end of the block; the connection is in autocommit."""
    async with conn.transaction():
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await conn.execute("SET LOCAL statement_timeout = '10min'")
        yield


async def rows_of(
    conn: AsyncConnection[Any], query: LiteralString, values: dict[str, Any]
) -> AsyncGenerator[list[Row]]:
    """Give the rows of a query by columns, some at a time, within a transaction."""
    async with conn.cursor("rows", row_factory=dict_row) as cursor:
        await cursor.execute(query, values)
        while rows := await cursor.fetchmany(FETCHED):
            yield rows
            if len(rows) < FETCHED:
                return
