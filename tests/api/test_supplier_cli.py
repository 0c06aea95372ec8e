"""The command line of the two-sided books: the same routes, as tables, CSV and JSON."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from tests.api.admin.supplied import CATALOG, DAY, NEXT, openai_costs, story, table

SPAN = ("--from", DAY, "--to", "2026-11-22")


class Desk:
    """An operator at a terminal, on a database that is there already."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path

    def __call__(self, *words: object, status: int = 0) -> str:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == status, (done.output, done.exception)
        return done.stdout or done.stderr


@pytest.fixture
def desk(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    story().store(database_url)
    found = Desk(tmp_path)
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", database_url)
    monkeypatch.setenv("TOLLBOOK_CONFIG", str(found.file("tollbook.toml", CATALOG.encode())))
    monkeypatch.setenv("TOLLBOOK_DATA_DIR", str(tmp_path / "data"))
    return found


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_margins_are_a_table_csv_and_json(desk: Desk) -> None:
    drawn = desk("margins", *SPAN, "--group-by", "provider")
    lines = desk("margins", *SPAN, "--group-by", "day,customer", "--format", "csv")
    whole: Any = json.loads(desk("margins", "--month", "2026-11", "--format", "json"))

    header, *body = [line.split() for line in drawn.splitlines()]
    assert header[:3] == ["provider", "currency", "charges"]
    assert [line[0] for line in body] == ["p", "q", "total"]
    first, second = rows_of(lines)
    assert (first["day"], first["margin"], first["complete"]) == (DAY, "0.50", "false")
    assert (second["day"], second["cost"], second["unpriced_attempts"]) == (NEXT, "0.10", "0")
    assert first["customer_id"].startswith("cus_")
    assert whole["totals"][0]["margin"] == "0.70"


def test_a_report_is_imported_matched_and_settled(desk: Desk) -> None:
    file = desk.file("costs.json", openai_costs("1.80"))
    only = ("--provider", "p", "--from", DAY, "--to", NEXT)

    looked = json.loads(desk("supplier", "import", file, "--provider", "p", "--dry-run"))
    taken = json.loads(desk("supplier", "import", file, "--provider", "p"))
    again = json.loads(
        desk("supplier", "import", file, "--provider", "p", "--format", "openai-costs")
    )
    shown = json.loads(desk("supplier", "list", "--provider", "p"))["items"]
    drawn = desk("reconcile", *only, status=1)
    (line,) = rows_of(desk("reconcile", *only, "--format", "csv", status=1))
    desk("supplier", "resolve", DAY, "up", "accepted", "--provider", "p", "--note", "fine")
    settled = json.loads(desk("reconcile", *only, "--format", "json"))
    left = desk("reconcile", *only, "--open")

    assert (looked["new"], taken["new"], again["new"]) == (True, True, False)
    assert [row["report_id"] for row in shown] == [taken["report_id"]]
    assert "AMOUNT_MISMATCH" in drawn
    assert "ours 1.00, theirs 1.80, difference 0.80; 1 AMOUNT_MISMATCH" in drawn
    assert "theirs: up-2026-01-31 is up (snapshot)" in drawn
    assert (line["state"], line["difference"], line["our_cost"]) == (
        "AMOUNT_MISMATCH", "0.80", "1.00",
    )  # fmt: skip
    assert line["residuals"] == "cancelled_streams 0.80"
    assert settled["items"][0]["state"] == "MANUALLY_RESOLVED"
    assert "1 MANUALLY_RESOLVED" in left


def test_terms_of_the_matching_are_options(desk: Desk) -> None:
    file = desk.file("lines.csv", table(f"{DAY},theirs,1000000000,500000000,1.05,USD"))
    desk("supplier", "import", file, "--provider", "p", "--format", "csv")
    only = ("--provider", "p", "--from", DAY, "--to", NEXT, "--models", "theirs=up")

    desk("reconcile", *only, status=1)
    desk("reconcile", *only, "--tolerance", "0", "--tolerance-basis-points", "500")
    desk("supplier", "resolve", DAY, "up", "rounding", "--provider", "p", *only[-2:])
    desk("reconcile", *only)


def test_what_is_wrong_is_explained(desk: Desk) -> None:
    broken = desk.file("broken.csv", table(f"{DAY},up,5,-6,1.25,USD"))

    told = desk("supplier", "import", broken, "--provider", "p", status=1)
    missing = desk("supplier", "import", "nowhere.json", "--provider", "p", status=2)
    nobody = desk("reconcile", "--provider", "nobody", *SPAN, status=1)
    nothing = desk("margins", "--month", "2026-13", status=1)

    assert "line 2, output_tokens: must be a whole number" in told
    assert "nowhere.json cannot be read" in missing
    assert "There is no provider 'nobody'" in nobody
    assert "'month'" in nothing
