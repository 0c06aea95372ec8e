"""The year is told once; whoever changes its database works on a copy."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.projections.history import database
from tests.year.database import stored_year
from tests.year.story import Year


@pytest.fixture(scope="session")
def year() -> Year:
    return Year().tell()


@pytest.fixture(scope="session")
def year_url(server_url: str, year: Year) -> Iterator[str]:
    """The owner's DSN of the year; only for looking."""
    with stored_year(server_url, year) as url:
        yield url


@pytest.fixture
def year_copy(server_url: str, year_url: str) -> Iterator[str]:
    """A copy of the year's database, to be changed at will."""
    name = str(conninfo_to_dict(year_url)["dbname"])
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
    with database(server_url, name) as url:
        yield url
