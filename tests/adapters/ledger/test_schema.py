"""The schema is made once, whoever tries at the same time, and never by an older release."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.ledger import schema
from adapters.ledger.schema import SCHEMA_VERSION, SchemaError, check, migrate
from tests.adapters.ledger.database import WAITING, log_of, seen, until
from tests.adapters.ledger.till import Till, opened, run

ROOT = Path(__file__).resolve().parents[3]
TABLES = """
    SELECT string_agg(schemaname || '.' || tablename, ' ' ORDER BY schemaname, tablename)
    FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""
EXPECTED = " ".join(
    f"public.{table}"
    for table in (
        "answer_cache",
        "call_contents",
        "call_traces",
        "erasable_texts",
        "ledger_events",
        "ledger_schema",
        "ledger_snapshots",
        "rate_limit_buckets",
        "read_model_marks",
        "seal_heads",
        "seal_keys",
        "seal_leaves",
        "seal_nodes",
        "texts_due",
        "webhook_deliveries",
        "webhook_position",
    )
)
MIGRATE = "import sys; from adapters.ledger.schema import migrate; migrate(sys.argv[1])"


@pytest.fixture
def empty_url(server_url: str) -> Iterator[str]:
    name = f"empty_{uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"'.encode())
    yield make_conninfo(server_url, dbname=name)
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def change(url: str, statement: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute(statement.encode())


def migrating(url: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", MIGRATE, url]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


def test_six_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    async def story() -> list[tuple[int, bytes]]:
        with ExitStack() as stack:
            conn = stack.enter_context(psycopg.connect(empty_url))
            conn.execute("SELECT pg_advisory_xact_lock(%s)", (schema._MIGRATION_LOCK,))
            workers = [stack.enter_context(migrating(empty_url)) for _ in range(6)]
            await until(lambda: seen(empty_url, WAITING) == 6)
            conn.rollback()
            return [(w.wait(30), w.stderr.read() if w.stderr else b"") for w in workers]

    ended = run(story(), seconds=60)

    assert ended == [(0, b"")] * 6
    assert seen(empty_url, TABLES) == EXPECTED
    applied = seen(empty_url, "SELECT array_agg(version ORDER BY version) FROM ledger_schema")
    assert applied == list(range(1, SCHEMA_VERSION + 1))
    check(empty_url)


def test_migrating_again_keeps_everything(empty_url: str) -> None:
    async def story() -> None:
        async with opened(empty_url) as ledger:
            await Till().open(ledger)

    migrate(empty_url)
    run(story())
    before = log_of(empty_url)

    migrate(empty_url)

    assert before
    assert log_of(empty_url) == before


def test_the_schema_of_a_newer_release_is_refused(database_url: str) -> None:
    change(database_url, "INSERT INTO ledger_schema SELECT max(version) + 1 FROM ledger_schema")

    for look in (migrate, check):
        with pytest.raises(SchemaError, match=str(SCHEMA_VERSION + 1)):
            look(database_url)


def test_an_empty_database_does_not_pass_the_check(empty_url: str) -> None:
    with pytest.raises(SchemaError, match="serve"):
        check(empty_url)

    assert seen(empty_url, TABLES) is None


def test_a_migration_that_fails_leaves_nothing(empty_url: str) -> None:
    change(empty_url, "CREATE TABLE erasable_texts (x int)")

    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(empty_url)

    assert seen(empty_url, TABLES) == "public.erasable_texts"


def test_an_owner_with_a_schema_of_its_own_name_gets_the_same_tables(empty_url: str) -> None:
    change(empty_url, "DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', current_user); END $$")

    async def story() -> None:
        async with opened(empty_url) as ledger:
            await Till().open(ledger)

    migrate(empty_url)

    assert seen(empty_url, TABLES) == EXPECTED
    run(story(), seconds=10)


def test_positions_are_given_one_at_a_time(database_url: str) -> None:
    sequence = "SELECT pg_get_serial_sequence('ledger_events', 'position')"
    cached = "SELECT cache_size FROM pg_sequences WHERE schemaname || '.' || sequencename = '{}'"

    assert seen(database_url, cached.format(seen(database_url, sequence))) == 1
