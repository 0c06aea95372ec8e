"""However a supplier orders and splits its lines, the report says the same; and nothing crashes."""

import contextlib
import json
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from adapters.supplier_reports.read import DAYS_MAX, LINES_MAX, read_report
from domain.supplier_report import InvalidReportError
from tests.adapters.supplier_reports.told import (
    BY_FORMAT,
    JSON_FORMATS,
    drafted,
    parsed,
    refused,
    sample,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How slow a busy machine makes an example says nothing of the reading."""

HEADER = "day,model,credential,requests,input_tokens,output_tokens,amount,currency\n"
counts = st.integers(0, 10**9)
amounts = st.decimals(
    min_value=-(10**6), max_value=10**6, places=14, allow_nan=False, allow_infinity=False
)
table_rows = st.tuples(
    st.sampled_from(["2026-11-01", "2026-11-02"]),
    st.sampled_from(["m", "n"]),
    st.sampled_from(["", "key_1"]),
    counts,
    counts,
    counts,
    amounts,
)
Row = tuple[str, str, str, int, int, int, Decimal]


def written(rows: list[Row]) -> bytes:
    lines = [",".join([*map(str, row[:6]), f"{row[6]:f}", "USD"]) for row in rows]
    return (HEADER + "\n".join(lines)).encode()


@unhurried
@given(st.lists(table_rows, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_lines_makes_no_difference(rows: list[Row], dice: random.Random) -> None:
    shuffled = dice.sample(rows, len(rows))

    assert drafted(written(shuffled)).lines == drafted(written(rows)).lines


@unhurried
@given(st.lists(table_rows, min_size=1, max_size=8), st.data())
def test_a_line_may_be_split_into_two(rows: list[Row], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(rows) - 1))
    *key, requests, inputs, outputs, amount = rows[number]
    parts = [data.draw(st.integers(0, whole)) for whole in (requests, inputs, outputs)]
    part = data.draw(amounts)
    first: Any = (*key, *parts, part)
    rest = [whole - taken for whole, taken in zip((requests, inputs, outputs), parts, strict=True)]
    second: Any = (*key, *rest, amount - part)

    split = [*rows[:number], first, second, *rows[number + 1 :]]

    assert drafted(written(split)).lines == drafted(written(rows)).lines


@unhurried
@given(st.lists(table_rows, min_size=1, max_size=12))
def test_each_sum_is_exact_and_rounded_once(rows: list[Row]) -> None:
    exact: dict[tuple[str, ...], Decimal] = {}
    for day, model, credential, *_, amount in rows:
        key = (day, model, credential)
        exact[key] = exact.get(key, Decimal(0)) + amount

    for line in drafted(written(rows)).lines:
        whole = exact[line.day, line.model, line.credential] * 10**9
        assert line.amount is not None
        assert abs(line.amount - whole) <= Decimal("0.5")
        if abs(line.amount - whole) == Decimal("0.5"):
            assert line.amount % 2 == 0


def values_of(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path in a JSON value."""
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    found: list[tuple[Any, ...]] = []
    for name, value in inner:
        found.append((*path, name))
        if isinstance(value, dict | list):
            found += values_of(value, (*path, name))
    return found


odd = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["1e400", "-0", "2026-11-01T00:00:00Z", "m, input", "\ud800", "sk-1", "∞"])
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@pytest.mark.parametrize("name", JSON_FORMATS)
def test_whatever_a_field_holds_is_read_or_refused(name: str) -> None:
    paths = values_of(parsed(name))
    met: set[bool] = set()

    @settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(paths), odd, st.booleans(), st.booleans())
    def spoil(path: tuple[Any, ...], value: Any, drop: bool, named: bool) -> None:
        page = parsed(name)
        holder = page
        for step in path[:-1]:
            holder = holder[step]
        if drop:
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
        try:
            read_report(json.dumps(page).encode(), "p", name if named else None)
            met.add(True)
        except InvalidReportError:
            met.add(False)

    spoil()
    assert met == {True, False}


@pytest.mark.parametrize("name", [*BY_FORMAT, None])
def test_whatever_bytes_come_are_read_or_refused(name: str | None) -> None:
    raw = sample(name or "csv")

    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, len(raw)), st.integers(0, 20), st.binary(max_size=20))
    def spoil(at: int, cut: int, put: bytes) -> None:
        with contextlib.suppress(InvalidReportError):
            read_report(raw[:at] + put + raw[at + cut :], "p", name)

    spoil()


def test_a_report_that_would_hold_up_the_ledger_is_refused() -> None:
    lines = "".join(f"2026-11-01,m{n},,0,0,0,0,USD\n" for n in range(LINES_MAX + 1))
    days = "".join(
        f"20{15 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02},m,,0,0,0,0,USD\n"
        for n in range(DAYS_MAX + 1)
    )

    for many in (lines, days):
        where, problem = refused((HEADER + many).encode())
        assert (where, "import at most" in problem) == ("the file", True)
        drafted((HEADER + many[: many.rstrip().rindex("\n")]).encode())
