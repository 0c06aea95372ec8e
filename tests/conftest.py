"""One embedded PostgreSQL a run, a fresh migrated database a test."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.ledger.embedded import EmbeddedServer
from adapters.ledger.schema import migrate
from tests.sdk.environments import Environments

pytest.register_assert_rewrite("tests.sdk.books")


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The owner's DSN of a running server; `TOLLBOOK_TEST_DATABASE_URL` names another one."""
    if given := os.environ.get("TOLLBOOK_TEST_DATABASE_URL"):
        yield given
        return
    folder: Path = tmp_path_factory.mktemp("server")
    # Nothing here outlives a crash of the machine; what must is tested on other servers.
    server = EmbeddedServer(folder, {"fsync": "off", "full_page_writes": "off"})
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Environments:
    """Where other SDKs are at home, each made when it is first asked for."""
    return Environments(tmp_path_factory.mktemp("environments"))


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """The owner's DSN of a fresh database with today's schema."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"'.encode())
    url = make_conninfo(server_url, dbname=name)
    migrate(url)
    yield url
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
