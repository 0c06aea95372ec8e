"""Statements as files: only what was issued, or a draft that says that it is one."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from api.export_statement import StatementChangedError, draw_statement, write_document
from projections.exports.errors import ExportRefusedError
from tests.api.past import FIRST, SECOND, past
from tests.api.test_exports import run
from tests.projections.history import database
from tests.projections.months import Months


@pytest.fixture(scope="module")
def told() -> Months:
    return past(4)


@pytest.fixture(scope="module")
def closed(
    server_url: str, told: Months, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database with a closed month and its statements."""
    folder: Path = tmp_path_factory.mktemp("closed")
    with database(server_url) as url:
        told.store(url)
        done = run(url, folder, "close", "--month", FIRST)
        assert done.returncode == 0, done.stderr
        yield url


@pytest.fixture
def url(server_url: str, closed: str) -> Iterator[str]:
    """A copy to be spoiled."""
    with database(server_url, str(conninfo_to_dict(closed)["dbname"])) as copy:
        yield copy


@pytest.fixture
def customer(told: Months) -> UUID:
    return told.everyone[0].customer_id


def spoil(url: str, statement: str, *values: str) -> None:
    with psycopg.connect(url) as conn:
        assert conn.execute(statement.encode(), values or None).rowcount > 0


def written(url: str, customer: UUID, month: str, form: str) -> bytes:
    out = io.BytesIO()
    write_document(*draw_statement(url, customer, month, "Acme & Co"), form, out)
    return out.getvalue()


def test_an_open_month_is_a_draft_without_a_number(url: str, customer: UUID) -> None:
    document: dict[str, Any] = orjson.loads(written(url, customer, SECOND, "json"))
    page = written(url, customer, SECOND, "html")

    assert (document["status"], document["number"]) == ("draft", None)
    assert b"Draft statement" in page


def test_an_issued_month_names_its_number_and_who_issued_it(url: str, customer: UUID) -> None:
    page = written(url, customer, FIRST, "html")
    table = written(url, customer, FIRST, "csv")

    assert b"Statement ST-0000000" in page
    assert b"Acme &amp; Co" in page
    assert table.splitlines()[1].startswith(b"ST-0000000")


def test_a_statement_that_is_not_what_was_issued_is_not_written(url: str, customer: UUID) -> None:
    spoil(url, "UPDATE read.statements SET sha256 = repeat('0', 64)")

    with pytest.raises(StatementChangedError, match="it is not what was issued"):
        draw_statement(url, customer, FIRST, None)


def test_a_statement_that_does_not_add_up_is_not_written(url: str, customer: UUID) -> None:
    spoil(url, "UPDATE read.transactions SET posted = posted + 1 WHERE period = %s", FIRST)

    with pytest.raises(StatementChangedError, match="come to"):
        draw_statement(url, customer, FIRST, None)


def test_a_month_that_was_closed_but_not_issued_is_to_be_closed_again(
    url: str, customer: UUID
) -> None:
    spoil(url, "UPDATE read.statements SET sha256 = NULL")

    with pytest.raises(ExportRefusedError, match="has no statement yet"):
        draw_statement(url, customer, FIRST, None)
