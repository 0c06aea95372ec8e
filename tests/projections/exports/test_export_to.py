"""An export and its sidecar: both whole, both of one moment, whoever goes on writing."""

import hashlib
import json
import threading
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from projections.exports.columns import text
from projections.exports.errors import ExportRefusedError, TargetTakenError
from projections.exports.export import export_to
from projections.exports.focus.export import write_focus
from projections.exports.journal.export import write_journal
from projections.exports.reading import one_moment, wallet_of
from projections.exports.selection import Selection, Task
from projections.exports.sheets import CSV, PARQUET, SHEETS
from projections.exports.sidecar import About, Control
from projections.upkeep import silent
from tests.projections.exports.told import rows_in, written
from tests.projections.history import owner
from tests.projections.months import Months

ABOUT = About("journal", "csv", 12, "tollbook 1", month="2026-11")


def write(out: Any) -> tuple[Control, About]:
    out.write(b"a,b\r\n")
    control = Control()
    control.add("USD", debit=5, credit=0)
    control.add("USD", debit=0, credit=5)
    control.add("EUR", debit=0)
    return control, ABOUT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_sidecar_tells_what_the_file_comes_to(tmp_path: Path) -> None:
    control = export_to(tmp_path / "a.csv", write)

    assert control.rows == 3
    assert names(tmp_path) == ["a.csv", "a.csv.json"]
    assert json.loads((tmp_path / "a.csv.json").read_bytes()) == {
        "file": "a.csv",
        "export": "journal",
        "format": "csv",
        "position": 12,
        "product": "tollbook 1",
        "customer": None,
        "month": "2026-11",
        "bytes": 5,
        "sha256": hashlib.sha256(b"a,b\r\n").hexdigest(),
        "rows": 3,
        "control_sums": {
            "USD": {"debit": "0.000000005", "credit": "0.000000005"},
            "EUR": {"debit": "0.00"},
        },
    }


def test_parquet_is_written_through_to_the_disk(tmp_path: Path) -> None:
    def table(out: Any) -> tuple[Control, About]:
        sheet = SHEETS[PARQUET](out, text("a"))
        sheet.write([("one",), ("two",)])
        sheet.finish()
        return Control(2), ABOUT

    export_to(tmp_path / "a.parquet", table)

    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == {"a": ["one", "two"]}


@pytest.mark.parametrize("there", ["a.csv", "a.csv.json"])
def test_neither_file_is_replaced_unasked(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")

    with pytest.raises(TargetTakenError, match=there):
        export_to(tmp_path / "a.csv", write)

    assert names(tmp_path) == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_both_are_replaced_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    (tmp_path / "a.csv.json").write_text("old")

    export_to(tmp_path / "a.csv", write, replace=True)

    assert (tmp_path / "a.csv").read_bytes() == b"a,b\r\n"
    assert json.loads((tmp_path / "a.csv.json").read_bytes())["rows"] == 3


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    (tmp_path / "a.csv.json").write_text("old")

    def fail(out: Any) -> tuple[Control, About]:
        out.write(b"half of it")
        raise ExportRefusedError

    with pytest.raises(ExportRefusedError):
        export_to(tmp_path / "a.csv", fail, replace=True)

    assert [(tmp_path / name).read_text() for name in names(tmp_path)] == ["old", "old"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportRefusedError, match="is no folder"):
        export_to(tmp_path / "nowhere" / "a.csv", write)


@pytest.mark.parametrize("kind", ["journal", "focus"])
def test_an_export_is_of_one_moment_whoever_goes_on_writing(
    database_url: str, tmp_path: Path, kind: str
) -> None:
    history, go_on, stored = Months(2), threading.Event(), threading.Event()
    history.live(150)
    history.store(database_url)
    position = len(history.ledger.facts)
    history.live(150)

    def append() -> None:
        go_on.wait(10)
        history.store(database_url)
        stored.set()

    def progress(done: int, total: int) -> None:
        """Have more written as soon as the first window is asked for."""
        go_on.set()
        assert stored.wait(10)

    def export(out: Any, report: Any) -> tuple[Control, About]:
        with one_moment(partial(owner, database_url)) as (conn, end):
            task = Task(conn, end, out, CSV, Selection(), report)
            control = write_journal(task) if kind == "journal" else write_focus(task, "Acme")
        return control, About(kind, CSV, end, "tollbook")

    writer = threading.Thread(target=append)
    writer.start()
    export_to(tmp_path / "during.csv", partial(export, report=progress))
    writer.join()
    export_to(tmp_path / "after.csv", partial(export, report=silent))

    during, after = (
        rows_in((tmp_path / name).read_bytes(), CSV) for name in ("during.csv", "after.csv")
    )
    column = "journal_no" if kind == "journal" else "x_Position"
    assert known(during) == known([row for row in after if int(row[column]) <= position])
    assert len(during) < len(after)
    assert json.loads((tmp_path / "during.csv.json").read_bytes())["position"] == position


@pytest.mark.parametrize("kind", ["journal", "focus"])
def test_it_does_not_matter_how_much_is_read_at_once(database_url: str, kind: str) -> None:
    history = Months(4)
    history.live(100)
    history.store(database_url)
    write_it = write_journal if kind == "journal" else partial(write_focus, issuer="Acme")

    whole, control = written(database_url, write_it, CSV)

    for window in (1, 7, len(history.ledger.facts) - 1):
        assert written(database_url, write_it, CSV, window) == (whole, control)
    assert whole.count(b"\n") > 30


def known(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what only later events tell: the invoice of a month, and where a zone ends it."""
    later = {"InvoiceId", "BillingPeriodEnd", "ChargePeriodEnd"}
    return [{name: row[name] for name in row if name not in later} for row in table]


def test_a_customers_wallet_is_found_in_the_log(database_url: str) -> None:
    history = Months(1)
    history.store(database_url)
    who = history.everyone[1]

    with psycopg.connect(database_url) as conn:
        assert wallet_of(conn, who.customer_id.hex) == who.wallet_id.hex
        assert wallet_of(conn, who.wallet_id.hex) is None


def test_a_selection_says_what_it_is_of() -> None:
    assert str(Selection()) == "all customers, all months"
    assert str(Selection("0a", "0b", "2026-11")) == "customer cus_0a, 2026-11"
