"""`tollbook export` and `tollbook import`, beside nothing but a database."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import psycopg
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.exporting import EXPORTS, What
from api.openapi.billing_detail import COLUMNS
from projections.exports import billing_detail
from projections.shelf import LIVE, Shelf
from tests.api.past import FIRST, past
from tests.projections.history import database, owner, rows
from tests.projections.months import Months

TOLLBOOK = str(Path(sys.executable).with_name("tollbook"))
BUSY, WRONG, FAILED = 75, 2, 1

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def told() -> Months:
    return past(3)


@pytest.fixture(scope="module")
def url(server_url: str, told: Months, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with a closed month and its statements."""
    with database(server_url) as found:
        told.store(found)
        done = run(found, tmp_path_factory.mktemp("close"), "close", "--month", FIRST)
        assert done.returncode == 0, done.stderr
        yield found


@pytest.fixture(scope="module")
def customer(told: Months) -> str:
    return f"cus_{told.everyone[0].customer_id.hex}"


def environ(url: str) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TOLLBOOK_")}
    return {**clean, "TOLLBOOK_DATABASE_URL": url}


def run(url: str, folder: Path, *words: str) -> Done:
    """Run the command line in this process, in a folder."""
    given = dict.fromkeys(k for k in os.environ if k.startswith("TOLLBOOK_"))
    with contextlib.chdir(folder):
        ran = CliRunner().invoke(
            app, [*words, "--data-dir", "data"], env={**given, "TOLLBOOK_DATABASE_URL": url}
        )
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return Done(words, ran.exit_code, ran.stdout, ran.stderr)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


ALL = [(what, form) for what, export in EXPORTS.items() for form in export.formats]


@pytest.mark.parametrize(("what", "form"), ALL, ids=[f"{what}-{form}" for what, form in ALL])
def test_every_export_is_written_with_what_it_comes_to(
    url: str, tmp_path: Path, customer: str, what: What, form: str
) -> None:
    selection = [] if what is What.EVENTS else ["--customer", customer, "--month", FIRST]
    done = run(url, tmp_path, "export", what, "--format", form, *selection, "--out", "it")

    assert done.returncode == 0, done.stderr
    assert names(tmp_path) == ["it", "it.json"]
    content, told = (tmp_path / "it").read_bytes(), json.loads((tmp_path / "it.json").read_bytes())
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert (told["export"], told["format"], told["bytes"]) == (what, form, len(content))
    assert told["product"].startswith("tollbook ")
    assert told["position"] > 0
    assert done.stdout.startswith(f"it: {told['rows']} rows")
    if form == "csv" and what is not What.STATEMENT:
        assert content.count(b"\r\n") == told["rows"] + 1
    if form == "parquet":
        assert pq.read_table(tmp_path / "it").num_rows == told["rows"]


def test_calls_have_the_columns_that_the_customer_knows() -> None:
    exported = [column.name for column in billing_detail.COLUMNS]

    assert exported == ["customer_id", *COLUMNS]


def test_a_statement_is_the_one_that_was_issued(
    url: str, tmp_path: Path, customer: str, told: Months
) -> None:
    options = ["--format", "json", "--customer", customer, "--month", FIRST]
    done = run(url, tmp_path, "export", "statement", *options, "--out", "s.json")

    assert done.returncode == 0, done.stderr
    query = "SELECT sha256 FROM read.statements WHERE wallet_id = %s AND period = %s"
    issued = rows(url, query, told.everyone[0].wallet_id, FIRST)[0][0]
    content = (tmp_path / "s.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == issued
    control = json.loads((tmp_path / "s.json.json").read_bytes())["control_sums"]["USD"]
    fields = orjson.loads(content)
    assert (control["opening"], control["closing"]) == (fields["opening"], fields["closing"])


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("ledger --out it", WRONG, "'ledger' is not one of"),
        ("journal", WRONG, "--out"),
        ("journal --format html --out it", WRONG, "journal is written as csv or"),
        ("focus --format beancount --out it", WRONG, "focus is written as csv or parquet"),
        ("events --month 2026-11 --out it", WRONG, "--month: events is written whole"),
        ("events --customer cus_0 --out it", WRONG, "--customer: events is written whole"),
        ("statement --month 2026-11 --out it", WRONG, "--customer is missing"),
        ("statement --customer cus_0 --out it", WRONG, "--month is missing"),
        ("focus --customer cus_0 --out it", WRONG, "'cus_0' is no customer's id"),
        ("focus --month 2026-13 --out it", WRONG, "'2026-13' is not a month"),
        ("journal --out nowhere/it", FAILED, "nowhere is no folder"),
        (f"journal --customer cus_{'0' * 32} --out it", FAILED, "there is no customer"),
        (f"statement --customer cus_{'0' * 32} --month 2026-01 --out it", FAILED, "no customer"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_explained_and_nothing_is_written(
    url: str, tmp_path: Path, words: str, status: int, said: str
) -> None:
    done = run(url, tmp_path, "export", *words.split())

    assert done.returncode == status
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == []


@pytest.mark.parametrize("month", ["2001-01", "2199-01"])
def test_a_statement_of_no_month_of_the_customer_is_refused(
    url: str, tmp_path: Path, customer: str, month: str
) -> None:
    options = ["--customer", customer, "--month", month]
    done = run(url, tmp_path, "export", "statement", *options, "--out", "it")

    assert done.returncode == FAILED
    assert "is none of this customer's months" in done.stderr


def test_a_file_is_only_replaced_by_force(url: str, tmp_path: Path) -> None:
    (tmp_path / "it").write_text("mine")

    refused = run(url, tmp_path, "export", "focus", "--out", "it")
    forced = run(url, tmp_path, "export", "focus", "--out", "it", "--force")

    assert (refused.returncode, forced.returncode) == (FAILED, 0)
    assert "it is there already; --force replaces it" in refused.stderr
    assert (tmp_path / "it").read_bytes().startswith(b"BilledCost,")


def test_a_rebuild_at_work_is_worth_another_try(url: str, tmp_path: Path) -> None:
    with owner(url) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", (0x70115C51,))
        done = run(url, tmp_path, "export", "journal", "--out", "it")

    assert done.returncode == BUSY
    assert names(tmp_path) == []


def test_a_database_that_fails_on_the_way_leaves_nothing(url: str, tmp_path: Path) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("LOCK TABLE public.ledger_events IN ACCESS EXCLUSIVE MODE")
        done = run(url, tmp_path, "export", "events", "--out", "it")

    assert done.returncode == FAILED
    assert "nothing was written" in done.stderr
    assert names(tmp_path) == []


def test_an_export_that_is_killed_leaves_nothing(url: str, tmp_path: Path) -> None:
    words = [TOLLBOOK, "export", "events", "--out", str(tmp_path / "it")]
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with owner(url) as watch, psycopg.connect(url) as conn:
        conn.execute("LOCK TABLE public.ledger_events IN ACCESS EXCLUSIVE MODE")
        running = subprocess.Popen([*words, "--data-dir", str(tmp_path)], env=environ(url))
        while watch.execute(waiting).fetchone() == (0,):
            assert running.poll() is None
            time.sleep(0.01)
        running.kill()
        status = running.wait()

    assert status == -signal.SIGKILL
    assert names(tmp_path) == []


def test_a_halted_read_model_is_not_exported(server_url: str, told: Months, tmp_path: Path) -> None:
    with database(server_url) as other:
        told.stored = 0
        told.store(other)
        run(other, tmp_path, "rebuild")
        with owner(other) as conn:
            Shelf(LIVE).halt(conn, "calls", 3)

        done = run(other, tmp_path, "export", "billing-detail", "--out", "it")

    assert done.returncode == FAILED
    assert "calls does not follow the log" in done.stderr


def test_a_log_goes_out_and_in_and_out_the_same(url: str, server_url: str, tmp_path: Path) -> None:
    out = run(url, tmp_path, "export", "events", "--out", "log")
    with database(server_url) as other:
        taken = run(other, tmp_path, "import", "log")
        again = run(other, tmp_path, "export", "events", "--out", "again")
        verified = run(other, tmp_path, "verify")
        twice = run(other, tmp_path, "import", "log")

    assert [done.returncode for done in (out, taken, again, verified, twice)] == [0, 0, 0, 0, 1]
    assert (tmp_path / "log").read_bytes() == (tmp_path / "again").read_bytes()
    assert taken.stdout.strip() == f"{count(tmp_path / 'log')} events up to position {last(url)}"
    assert "only an empty one takes a log" in twice.stderr


def count(log: Path) -> int:
    return log.read_bytes().count(b"\n") - 2


def last(url: str) -> int:
    return int(rows(url, "SELECT max(position) FROM ledger_events")[0][0])


def test_a_log_that_is_not_whole_is_not_imported(url: str, server_url: str, tmp_path: Path) -> None:
    run(url, tmp_path, "export", "events", "--out", "log")
    whole = (tmp_path / "log").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "log.json").write_text(json.dumps({"sha256": "0" * 64}))
    (tmp_path / "odd").write_bytes(whole)
    odd = ["[]", "", '{"sha256": "00', '{"sha256": 5}', '{"sha256": "00"}', '{"file": "odd"}']
    with database(server_url) as other:
        cut, wrong, nowhere = (
            run(other, tmp_path, "import", name) for name in ("cut", "log", "nowhere")
        )
        for told in odd:
            (tmp_path / "odd.json").write_text(told)
            refused = run(other, tmp_path, "import", "odd")
            assert refused.returncode == FAILED
            assert "odd.json tells no sha256 of it" in " ".join(refused.stderr.split())
        events = rows(other, "SELECT count(*) FROM ledger_events")[0][0]
        (tmp_path / "odd.json").unlink()
        alone = run(other, tmp_path, "import", "odd")

    assert events == 0
    assert [done.returncode for done in (cut, wrong, nowhere, alone)] == [1, 1, 1, 0]
    assert "cut off" in cut.stderr
    assert "not the one that its sidecar tells of" in wrong.stderr
    assert "No such file" in nowhere.stderr
