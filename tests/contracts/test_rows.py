"""No row of a contract is without a test, no test is one that is not there, and none is missing."""

from pathlib import Path

import pytest

from tests.api.documented import described
from tests.contracts import token_relay
from tests.contracts.row import Row
from tests.contracts.table import BEGIN, END, ROWS, outcomes, put_into, unshown

README = Path(__file__).parents[2] / "README.md"
SHOWN = Row("Ours", "a promise", ("tests/contracts/test_rows.py::test_every_test_is_there",))


def test_every_test_is_there() -> None:
    assert {row.what: row.missing for row in ROWS if row.missing or not row.tests} == {}


def test_every_route_of_the_contract_is_in_the_reference() -> None:
    routes = {what for what, *_ in token_relay.ROUTES}

    assert routes <= {str(operation) for operation in described()}
    assert len(routes) == 57


def test_a_row_is_shown_only_if_all_of_its_tests_passed() -> None:
    (test,) = SHOWN.tests

    assert unshown([SHOWN], {test: True}) == []
    assert unshown([SHOWN], {test: False}) == ["Ours: a promise"]
    assert unshown([SHOWN], {}) == ["Ours: a promise"]
    assert unshown([Row("Ours", "a promise", ())], {test: True}) == ["Ours: a promise"]


def test_the_table_stands_between_its_marks_and_nothing_else_changes() -> None:
    readme = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    written = put_into(readme, [SHOWN])

    assert written.startswith(f"before\n{BEGIN}\n| Contract")
    assert written.endswith(f"|\n{END}\nafter\n")
    assert "every test is there" in written
    assert put_into(written, [SHOWN]) == written
    with pytest.raises(ValueError, match="no place"):
        put_into("no marks", [SHOWN])


def test_the_readme_has_the_table_of_these_rows() -> None:
    readme = README.read_text()

    assert put_into(readme, ROWS) == readme, "run scripts/contracts"


REPORT = """<testsuites><testsuite>
<testcase classname="tests.a.test_b" name="test_good[1]"/>
<testcase classname="tests.a.test_b" name="test_good[2]"/>
<testcase classname="tests.a.test_b" name="test_half[1]"/>
<testcase classname="tests.a.test_b" name="test_half[2]"><failure/></testcase>
<testcase classname="tests.a.test_b" name="test_skipped"><skipped/></testcase>
<testcase classname="tests.a.test_b" name="test_broken"><error/></testcase>
</testsuite></testsuites>"""


def test_a_test_has_passed_if_each_of_its_cases_has(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)

    said = outcomes(report)

    file = "tests/a/test_b.py"
    assert said == {
        f"{file}::test_good": True,
        f"{file}::test_half": False,
        f"{file}::test_skipped": False,
        f"{file}::test_broken": False,
    }
