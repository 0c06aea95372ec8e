"""CSV: what RFC 4180 reads is what was written, and nothing in it runs."""

import csv
import io
import re

import pytest
from hypothesis import given, strategies as st

from domain.money import format_amount
from projections.csv_text import csv_line, safe_text

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
BEGINS_FORMULAS = "-=+@\uff0d\uff1d\uff0b\uff20"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1 234", "'+1 234"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("  =1", "'  =1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1", "a;'=1"),
        ("a\n@b", "a\n'@b"),
        ("-1.50", "-1.50"),
        ("12", "12"),
        ("a=b", "a=b"),
        ("a-b", "a-b"),
        ("req_0192", "req_0192"),
        ("", ""),
    ],
)
def test_what_would_run_is_neutralised_and_all_else_left(text: str, safe: str) -> None:
    assert safe_text(text) == safe


@given(ANY_TEXT)
def test_no_text_begins_like_a_formula_wherever_a_spreadsheet_may_cut_it(text: str) -> None:
    for cell in re.split("[;\t\r\n]", safe_text(text)):
        is_number = cell == text
        assert is_number or not cell.lstrip().startswith(tuple(BEGINS_FORMULAS))


@given(ANY_TEXT)
def test_what_is_safe_stays_as_it_is(text: str) -> None:
    assert safe_text(safe_text(text)) == safe_text(text)


@given(st.integers(-(2**63), 2**63 - 1))
def test_amounts_are_untouched(nanos: int) -> None:
    amount = format_amount(nanos)

    assert csv_line([amount, nanos]) == f"{amount},{nanos}\r\n".encode()


@given(st.lists(st.one_of(ANY_TEXT, st.integers(), st.none()), min_size=2, max_size=5))
def test_a_reader_finds_the_cells_that_were_written(cells: list[str | int | None]) -> None:
    (found,) = csv.reader(io.StringIO(csv_line(cells).decode(), newline=""))

    expected = [
        safe_text(c) if isinstance(c, str) else str(c) if c is not None else "" for c in cells
    ]
    assert found == expected


def test_only_what_needs_quotes_has_them() -> None:
    assert csv_line(["a,b", 'say "x"', "two\nlines", "plain", None, -7]) == (
        b'"a,b","say ""x""","two\nlines",plain,,-7\r\n'
    )
