"""Connections to the ledger's database, with every wait bounded."""

from typing import Final

import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

GATEWAY_ROLE: Final = "tollbook_gateway"
"""What the gateway may do to the log: select and insert, nothing else."""

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 10_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
CONNECTION_CHECK_MS = 500


def connect(dsn: str, *, role: str | None = GATEWAY_ROLE) -> Connection:
    """Open a connection in autocommit, as the gateway's role unless told otherwise."""
    return psycopg.connect(_conninfo(dsn, role), autocommit=True)


async def open_pool(dsn: str, most: int) -> AsyncConnectionPool:
    """Open a pool of asynchronous connections, as the gateway's role."""
    pool: AsyncConnectionPool = AsyncConnectionPool(
        _conninfo(dsn, GATEWAY_ROLE),
        min_size=1,
        max_size=most,
        open=False,
        kwargs={"autocommit": True},
        check=AsyncConnectionPool.check_connection,
        timeout=5,
    )
    await pool.open()
    return pool


def _conninfo(dsn: str, role: str | None) -> str:
    """Bound every wait on the server's side too, and pin what an owner may have set otherwise.

    Each statement must see what was committed before it, or the catch-up would not see what the
    lock waited for. A killed client's queued pipeline must not commit after its death, and a
    half-open client's transaction must not block everyone (process-model §3).
    """
    options: dict[str, int | str] = {
        "timezone": "UTC",
        "lock_timeout": LOCK_TIMEOUT_MS,
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
        "synchronous_commit": "on",
        "default_transaction_isolation": "read\\ committed",
        "search_path": "public",
        "client_connection_check_interval": CONNECTION_CHECK_MS,
    }
    if role is not None:
        # Whatever the statistics say, the hot path looks aggregates up by their index.
        options |= {"role": role, "enable_seqscan": "off"}
    return make_conninfo(
        dsn,
        options=" ".join(f"-c {name}={value}" for name, value in options.items()),
        connect_timeout=5,
        application_name="tollbook",
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=15_000,
    )
