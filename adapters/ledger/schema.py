"""The database's schema: made once, under a lock, before any worker starts."""

from contextlib import suppress
from importlib.resources import files
from typing import Final

import psycopg
from psycopg import Connection, sql

from adapters.ledger.connection import GATEWAY_ROLE

MIGRATIONS: Final = tuple(
    sorted(
        files("adapters.ledger").joinpath("migrations").iterdir(),
        key=lambda file: file.name,
    )
)
"""One file a version, in order; a released one is never changed."""
SCHEMA_VERSION: Final = len(MIGRATIONS)
_MIGRATION_LOCK = 0x70115C4E


class SchemaError(Exception):
    """The database is not one that this release can work with."""


def migrate(dsn: str) -> None:
    """Bring the database to this release's schema, whoever else tries at the same time.

    Takes the owner's DSN. Raises SchemaError for a database of a newer release.
    """
    with psycopg.connect(dsn) as conn:
        conn.execute("SET LOCAL search_path = public")
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        version = _version(conn)
        if version > SCHEMA_VERSION:
            message = f"The database has schema {version}; this release knows {SCHEMA_VERSION}."
            raise SchemaError(message)
        if version == 0:
            _prepare(conn)
        for number in range(version, SCHEMA_VERSION):
            conn.execute(MIGRATIONS[number].read_text(encoding="utf-8").encode())
            conn.execute("INSERT INTO public.ledger_schema VALUES (%s)", (number + 1,))


def check(dsn: str) -> None:
    """Raise SchemaError unless the schema is this release's."""
    with psycopg.connect(dsn) as conn:
        version = _version(conn)
    if version != SCHEMA_VERSION:
        message = f"The database has schema {version} and {SCHEMA_VERSION} is needed: run 'serve'."
        raise SchemaError(message)


def _version(conn: Connection) -> int:
    known = conn.execute("SELECT to_regclass('public.ledger_schema')").fetchone()
    if known is None or known[0] is None:
        return 0
    row = conn.execute("SELECT max(version) FROM public.ledger_schema").fetchone()
    return int(row[0] or 0) if row else 0


def _prepare(conn: Connection) -> None:
    """Make the role that the gateway works as, and the list of what was applied."""
    role = sql.Identifier(GATEWAY_ROLE)
    exists = conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (GATEWAY_ROLE,)).fetchone()
    if exists is None:
        # Another database of this server may be migrated just now: its lock is not ours.
        taken = (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject)
        with suppress(*taken), conn.transaction():
            conn.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
    conn.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
    conn.execute("CREATE TABLE public.ledger_schema (version int PRIMARY KEY)")
