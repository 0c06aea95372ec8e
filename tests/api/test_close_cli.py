"""`tollbook close` and `tollbook report`, run as programs on a database without a gateway."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.seal.keys import create_key
from domain import ids
from tests.api.past import FIRST, SECOND, past
from tests.projections.history import database, rows
from tests.projections.months import Months

TOLLBOOK = str(Path(sys.executable).with_name("tollbook"))
TIMEOUT_SECONDS = 60
DISTORT = """
    UPDATE read.roll_forward SET nanos = nanos + 1 WHERE ctid = (
        SELECT ctid FROM read.roll_forward WHERE period = %s AND category <> 'absorbed' LIMIT 1)
"""

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def told() -> Months:
    return past(3)


@pytest.fixture
def url(server_url: str, told: Months) -> Iterator[str]:
    with database(server_url) as found:
        told.stored = 0
        told.store(found)
        yield found


def tollbook(url: str, folder: Path, *words: str, **environ: str) -> Done:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TOLLBOOK_")}
    return subprocess.run(
        [TOLLBOOK, *words, "--data-dir", str(folder)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env={**clean, "TOLLBOOK_DATABASE_URL": url, **environ},
    )


def statements(url: str) -> list[tuple[int, str, str | None]]:
    return rows(url, "SELECT number, period, sha256 FROM read.statements ORDER BY number")


def test_a_month_is_closed_from_the_command_line_and_again_without_effect(
    url: str, tmp_path: Path
) -> None:
    first = tollbook(url, tmp_path, "close", "--month", SECOND)
    before = statements(url)
    again = tollbook(url, tmp_path, "close", "--month", SECOND)

    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == {
        "month": SECOND, "wallets": 2, "months_closed": 4, "statements_issued": 4,
    }  # fmt: skip
    assert json.loads(again.stdout)["statements_issued"] == 0
    assert statements(url) == before
    assert [row[0] for row in before] == [1, 2, 3, 4]
    assert all(sha256 for _, _, sha256 in before)


def test_a_statement_names_the_signed_tree_that_it_was_drawn_from(url: str, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    create_key(key)
    sealed = {"TOLLBOOK_SEAL_KEY_FILE": str(key)}

    done = tollbook(url, tmp_path / "data", "close", "--month", FIRST, **sealed)

    assert done.returncode == 0, done.stderr
    heads = dict(rows(url, "SELECT tree_size, position FROM seal_heads"))
    drawn = rows(url, "SELECT tree_size, closed_position FROM read.statements")
    assert len(drawn) == 2
    for tree_size, position in drawn:
        assert heads[tree_size] >= position


def test_without_its_key_nothing_is_closed(url: str, tmp_path: Path) -> None:
    missing = {"TOLLBOOK_SEAL_KEY_FILE": str(tmp_path / "none.pem")}

    done = tollbook(url, tmp_path / "data", "close", "--month", FIRST, **missing)

    assert done.returncode == 2
    assert "no statement was issued" in done.stderr
    closed = "SELECT 1 FROM ledger_events WHERE topic = 'wallet.period_closed.1'"
    assert rows(url, closed) == []


def test_statements_that_do_not_add_up_are_named_and_the_others_issued(
    url: str, tmp_path: Path
) -> None:
    tollbook(url, tmp_path, "close", "--month", FIRST)
    with psycopg.connect(url) as conn:
        conn.execute(DISTORT, (FIRST,))

    done = tollbook(url, tmp_path, "close", "--month", SECOND)

    ((failed,), (issued,)) = rows(
        url,
        "SELECT number FROM read.statements WHERE period = %s ORDER BY sha256 IS NOT NULL",
        SECOND,
    )
    assert done.returncode == 1
    assert "tollbook: statements_not_issued: " in done.stderr
    assert f"ST-{failed:08d}" in done.stderr
    assert f"ST-{issued:08d}" not in done.stderr.split("tollbook: statements_not_issued")[1]
    assert "Traceback" not in done.stderr


def test_a_database_that_fails_meanwhile_is_told_without_a_trace(url: str, tmp_path: Path) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("ALTER TABLE ledger_events RENAME COLUMN position TO place")

    done = tollbook(url, tmp_path, "close", "--month", FIRST)

    assert done.returncode == 1
    assert "\ntollbook: the database failed: " in f"\n{done.stderr}"
    assert "\nTraceback" not in f"\n{done.stderr}"


def test_one_customers_month_is_closed_alone(url: str, tmp_path: Path, told: Months) -> None:
    customer_id = ids.public(ids.CUSTOMER, told.everyone[1].customer_id)

    done = tollbook(url, tmp_path, "close", "--month", FIRST, "--customer", customer_id)

    assert json.loads(done.stdout)["wallets"] == 1, done.stderr
    assert len(statements(url)) == 1


def test_a_month_that_is_not_over_with_its_grace_is_refused(url: str, tmp_path: Path) -> None:
    done = tollbook(url, tmp_path, "close", "--month", "2199-11", "--grace-hours", "1.5")

    assert done.returncode == 1
    assert "month_not_over" in done.stderr
    assert "2199-12-01T01:30:00Z" in done.stderr


@pytest.mark.parametrize(
    "words", [["--month", "November"], ["--month", FIRST, "--customer", "Ada"]]
)
def test_what_cannot_be_meant_is_refused(url: str, tmp_path: Path, words: list[str]) -> None:
    done = tollbook(url, tmp_path, "close", *words)

    assert done.returncode == 2
    assert words[-1] in done.stderr


def test_a_report_is_printed_or_written_to_a_file(url: str, tmp_path: Path) -> None:
    path = tmp_path / "revenue.csv"

    shown = tollbook(url, tmp_path, "report", "deferred-revenue", "--from", FIRST, "--to", SECOND)
    written = tollbook(
        url, tmp_path, "report", "deferred-revenue", "--from", FIRST, "--to", SECOND,
        "--format", "csv", "--out", str(path),
    )  # fmt: skip

    items = json.loads(shown.stdout)["items"]
    assert written.returncode == 0, written.stderr
    table = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [row["closing"] for row in table] == [item["closing"] for item in items]
    assert {item["month"] for item in items} == {FIRST, SECOND}


def test_an_unknown_report_is_refused(url: str, tmp_path: Path) -> None:
    done = tollbook(url, tmp_path, "report", "margins", "--format", "csv")

    assert done.returncode == 1
    assert "not_found" in done.stderr
