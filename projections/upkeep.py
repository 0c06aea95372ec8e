"""What `verify` and `rebuild` have in common: long work on one connection, one at a time."""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final, LiteralString

import psycopg
from psycopg import Connection, IsolationLevel

from projections.errors import BusyError

Progress = Callable[[int, int], None]
"""Is told how many positions are done, and of how many."""

_UPKEEP_LOCK: Final = 0x70115C51


def silent(done: int, total: int) -> None:
    """Report no progress."""


@contextmanager
def upkeep(connect: Callable[[], Connection], *, shared: bool) -> Generator[Connection]:
    """Open the owner's connection for long work, or raise BusyError.

    Two may look at the same time, but not while another swaps tables.
    """
    lock: LiteralString = "pg_try_advisory_lock"
    lock += "_shared" if shared else ""
    with connect() as conn:
        got = conn.execute(f"SELECT {lock}(%s)", (_UPKEEP_LOCK,)).fetchone()
        if got is None or not got[0]:
            raise BusyError
        conn.execute("SET statement_timeout = 0")
        conn.execute("SET idle_in_transaction_session_timeout = '5min'")
        try:
            yield conn
        finally:
            # A closed connection's locks last until its server process has noticed.
            with suppress(psycopg.Error):
                conn.execute("SELECT pg_advisory_unlock_all()")


@contextmanager
def snapshot(conn: Connection) -> Generator[None]:
    """See one moment of everything until the end of the transaction."""
    before = conn.isolation_level
    conn.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with conn.transaction():
            yield
    finally:
        conn.isolation_level = before
