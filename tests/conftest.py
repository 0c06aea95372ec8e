"""One embedded PostgreSQL a run, a fresh migrated database a test."""

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.ledger.embedded import EmbeddedServer
from adapters.ledger.schema import migrate
from tests.sdk.environments import Environments

HERE: Final = Path(__file__).parent

pytest.register_assert_rewrite("tests.sdk.books")

# Every child imports the whole product; where no bytecode is kept, that takes seconds each.
os.environ["PYTHONDONTWRITEBYTECODE"] = ""
os.environ["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix) / "pycache")


LONG: Final = ("simulation", "matrix", "year", "sdk", "api")
"""Folders whose tests take long: begun first, so that no process is left alone with them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    items.sort(key=lambda item: LONG.index(name) if (name := _folder(item)) in LONG else len(LONG))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).parts[0]


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


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a database with today's schema, to be copied."""
    name = f"template_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"'.encode())
    migrate(make_conninfo(server_url, dbname=name))
    return name


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """The owner's DSN of a fresh database with today's schema."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    yield make_conninfo(server_url, dbname=name)
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
