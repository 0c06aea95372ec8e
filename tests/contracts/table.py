"""The README's table of contracts, from what the tests have said."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.contracts import others, token_relay
from tests.contracts.row import Row

ROWS: list[Row] = [*token_relay.ROWS, *others.ROWS]
BEGIN = "<!-- contracts: written by scripts/contracts -->"
END = "<!-- end of contracts -->"


def tests_of(rows: Iterable[Row]) -> list[str]:
    """Every test that shows a row, once."""
    return list(dict.fromkeys(test for row in rows for test in row.tests))


def outcomes(report: Path) -> Mapping[str, bool]:
    """Read pytest's report: whether every case of each test passed."""
    found: dict[str, bool] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  # our own report
        file = case.attrib["classname"].replace(".", "/") + ".py"
        name = f"{file}::{case.attrib['name'].partition('[')[0]}"
        passed = all(child.tag not in {"failure", "error", "skipped"} for child in case)
        found[name] = found.get(name, True) and passed
    return found


def unshown(rows: Iterable[Row], said: Mapping[str, bool]) -> list[str]:
    """Rows without a test, and those of whose tests one did not pass."""
    return [
        f"{row.contract}: {row.what}"
        for row in rows
        if not row.tests or not all(said.get(test, False) for test in row.tests)
    ]


def table(rows: Iterable[Row]) -> str:
    lines = ["| Contract | What it promises | Shown by |", "|---|---|---|"]
    for row in rows:
        shown = "<br>".join(f"[{_sentence(test)}]({test.partition('::')[0]})" for test in row.tests)
        lines.append(f"| {row.contract} | {_code(row.what)} | {shown} |")
    return "\n".join(lines)


def put_into(readme: str, rows: Iterable[Row]) -> str:
    """Replace what stands between the two marks, which must be there."""
    before, begun, rest = readme.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        message = f"README.md has no place for it: put {BEGIN} and {END} into it"
        raise ValueError(message)
    return f"{before}{BEGIN}\n{table(rows)}\n{END}{after}"


def _sentence(test: str) -> str:
    return test.partition("::test_")[2].replace("_", " ")


def _code(what: str) -> str:
    """Show a route as code."""
    route = what.partition(" ")[0] in {"GET", "POST", "PATCH", "DELETE"} and "," not in what
    return f"`{what}`" if route and what.count(" ") == 1 else what
