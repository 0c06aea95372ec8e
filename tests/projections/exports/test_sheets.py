"""Sheets: the same rows in every format, exact where they can be, and safe to open."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from projections.exports import parquet
from projections.exports.columns import Column, Kind, Row, decimal
from projections.exports.sheets import CSV, NDJSON, PARQUET, SHEETS
from tests.projections.exports.told import rows_in

COLUMNS = [
    Column("name"),
    Column("count", Kind.WHOLE),
    Column("amount", Kind.EXACT, 9),
    Column("cost", Kind.NUMBER, 9),
    Column("at", Kind.TIME),
    Column("day", Kind.DATE),
    Column("tags", Kind.OBJECT),
]
NOON = datetime(2026, 11, 20, 12, 30, 0, 5, UTC)
ROW: Row = ("a, b", 3, -1_500_000_000, 250_000_000, NOON, date(2026, 11, 20), {"b": "2", "a": "1"})
EMPTY: Row = (None, None, None, None, None, None, None)

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
ANY_ROW = st.tuples(
    st.none() | ANY_TEXT,
    st.none() | st.integers(-(2**62), 2**62),
    st.none() | st.integers(-(2**63), 2**63),
    st.none() | st.integers(-(2**63), 2**63),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.dates(),
    st.none() | st.dictionaries(st.text("ab_", min_size=1, max_size=3), ANY_TEXT, max_size=2),
)


def sheet(form: str, rows: list[Row]) -> bytes:
    out = io.BytesIO()
    made = SHEETS[form](out, COLUMNS)
    made.write(rows[:1])
    made.write(rows[1:])
    out.close = lambda: None  # type: ignore[method-assign]
    made.finish()
    return out.getvalue()


def test_csv_says_it_in_text() -> None:
    lines = sheet(CSV, [ROW, EMPTY]).decode().split("\r\n")

    assert lines == [
        "name,count,amount,cost,at,day,tags",
        '"a, b",3,-1.50,0.25,2026-11-20T12:30:00.000005Z,2026-11-20,"{""a"":""1"",""b"":""2""}"',
        ",,,,,,",
        "",
    ]


def test_ndjson_says_it_in_json_with_decimals_as_strings() -> None:
    first, second = map(orjson.loads, sheet(NDJSON, [ROW, EMPTY]).splitlines())

    assert first == {
        "name": "a, b",
        "count": 3,
        "amount": "-1.50",
        "cost": "0.25",
        "at": "2026-11-20T12:30:00.000005Z",
        "day": "2026-11-20",
        "tags": {"a": "1", "b": "2"},
    }
    assert set(second.values()) == {None}


def test_parquet_says_it_in_types() -> None:
    table = pq.read_table(io.BytesIO(sheet(PARQUET, [ROW, EMPTY])))

    assert table.to_pylist()[0] == {
        "name": "a, b",
        "count": 3,
        "amount": Decimal("-1.500000000"),
        "cost": 0.25,
        "at": NOON,
        "day": date(2026, 11, 20),
        "tags": '{"a":"1","b":"2"}',
    }
    assert set(table.to_pylist()[1].values()) == {None}
    assert [str(kind) for kind in table.schema.types] == [
        "string", "int64", "decimal128(38, 9)", "double", "timestamp[us, tz=UTC]", "date32[day]",
        "string",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_ROW, max_size=5))
def test_every_format_says_the_same(rows: list[Row]) -> None:
    told = {form: rows_in(sheet(form, rows), form) for form in (NDJSON, PARQUET)}
    table = list(csv.DictReader(io.StringIO(sheet(CSV, rows).decode(), newline="")))

    assert len(told[NDJSON]) == len(told[PARQUET]) == len(table) == len(rows)
    for json, arrow, line in zip(told[NDJSON], told[PARQUET], table, strict=True):
        assert {name: value for name, value in json.items() if name != "tags"} == {
            name: as_text(value) for name, value in arrow.items() if name != "tags"
        } | {"cost": json["cost"]}
        assert (json["cost"] is None) == (arrow["cost"] is None)
        assert json["cost"] is None or float(json["cost"]) == arrow["cost"]
        assert json["tags"] == (arrow["tags"] and orjson.loads(arrow["tags"]))
        for name in ("count", "amount", "cost", "at", "day"):
            assert line[name] == ("" if json[name] is None else str(json[name]))


def as_text(value: Any) -> Any:
    """Write what Parquet gives as NDJSON has it."""
    if isinstance(value, Decimal):
        return decimal(int(value.scaleb(9)), 9)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, date) else value


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\N{FULLWIDTH EQUALS SIGN}1"]
)
def test_a_text_that_a_spreadsheet_would_run_is_made_safe(text: str) -> None:
    (row,) = csv.DictReader(io.StringIO(sheet(CSV, [(text, *EMPTY[1:])]).decode(), newline=""))

    assert "'" in row["name"]
    assert row["name"].replace("'", "") == text


def test_an_amount_below_zero_is_no_text() -> None:
    line = sheet(CSV, [(None, -5, -1, -(10**9), *EMPTY[4:])]).splitlines()[1]

    assert line == b",-5,-0.000000001,-1.00,,,"


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [(0, 9, "0.00"), (1, 9, "0.000000001"), (-10**9, 9, "-1.00"), (1200, 0, "1200.00"),
     (10**15 + 1, 15, "1.000000000000001"), (-5, 6, "-0.000005")],
)  # fmt: skip
def test_decimals_have_two_places_at_least(value: int, places: int, written: str) -> None:
    assert decimal(value, places) == written


def test_parquet_comes_in_groups_that_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_A_GROUP", 4)

    file = pq.ParquetFile(io.BytesIO(sheet(PARQUET, [ROW] * 10)))

    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [4, 4, 2]
    assert file.read().num_rows == 10
