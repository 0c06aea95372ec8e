"""Billing detail: every call once, the same in every format, as its read model has it."""

import io
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import orjson
import psycopg
import pytest

from adapters.ledger.connection import GATEWAY_ROLE
from projections.calls import Calls
from projections.exports.billing_detail import MODELS, write_billing_detail
from projections.exports.errors import ExportRefusedError
from projections.exports.models import follow as follow_log, models_at_one_moment
from projections.exports.selection import Selection, Task
from projections.exports.sheets import CSV, NDJSON, PARQUET
from projections.exports.sidecar import Control
from projections.shelf import LIVE, Shelf
from projections.upkeep import silent
from tests.projections.exports.told import rows_in
from tests.projections.history import database, follow, installed, owner, rows
from tests.projections.months import Months


@pytest.fixture(scope="module")
def history() -> Months:
    history = Months(12)
    history.live(300)
    return history


@pytest.fixture(scope="module")
def url(server_url: str, history: Months) -> Iterator[str]:
    with database(server_url) as url:
        history.store(url)
        yield url


def written(url: str, form: str, progress: Any = silent, **selection: str) -> tuple[bytes, Control]:
    out = io.BytesIO()
    with models_at_one_moment(partial(owner, url), GATEWAY_ROLE, MODELS) as (conn, end):
        task = Task(conn, end, out, form, Selection(**selection), progress)
        control = write_billing_detail(task)
    return out.getvalue(), control


def detail(url: str, form: str = NDJSON, **selection: str) -> list[dict[str, Any]]:
    return rows_in(written(url, form, **selection)[0], form)


def test_every_call_is_there_once_with_its_figures(url: str) -> None:
    table = detail(url)
    expected = rows(
        url,
        "SELECT request_id, hold, amount, absorbed, corrected, total, input_tokens, output_tokens"
        " FROM read.calls ORDER BY created_position",
    )

    told = [
        (
            row["request_id"],
            *(int(Decimal(row[name]).scaleb(9)) for name in FIGURES),
            row["input_tokens"],
            row["output_tokens"],
        )
        for row in table
    ]

    assert told == [(f"req_{call[0].hex}", *call[1:]) for call in expected]
    assert len(told) > 50


FIGURES = ("hold", "amount", "absorbed", "corrected", "total")


def test_a_row_tells_of_usage_tags_and_flags_as_the_api_does(
    server_url: str, database_url: str
) -> None:
    shop = Months(customers=1)
    held = shop.reserve(tokens=100, cap=100, tags={"cost_center": "blue", "app": "a"})
    shop.charge(held, {"input": 60, "cached_input": 40, "output": 900})
    shop.store(database_url)

    (row,) = detail(database_url)
    assert (row["input"], row["cached_input"], row["output"], row["reasoning"]) == (60, 40, 100, 0)
    assert (row["tags"], row["flags"]) == ("app=a cost_center=blue", "output_beyond_cap")
    assert (row["customer_id"], row["api_key_id"]) == (
        f"cus_{shop.who.customer_id.hex}",
        f"key_{shop.who.key_id.hex}",
    )
    assert (row["status"], row["model"], row["period"]) == ("charged", "m", "2026-11")
    assert (row["created_at"], row["currency"]) == ("2026-11-20T12:00:00Z", "USD")


def test_the_formats_say_the_same(url: str) -> None:
    table, json, arrow = (detail(url, form) for form in (CSV, NDJSON, PARQUET))

    assert len(table) == len(json) == len(arrow)
    for line, said, row in zip(table, json, arrow, strict=True):
        for name, value in said.items():
            assert line[name] == (None if value in {None, ""} else str(value))
            if name in FIGURES:
                assert row[name] == Decimal(value)
            elif not name.endswith("_at"):
                assert row[name] == value


def test_a_month_and_a_customer_are_parts_of_the_whole(url: str, history: Months) -> None:
    whole = detail(url)
    months = sorted({row["period"] for row in whole})

    for month in months:
        assert detail(url, month=month) == [row for row in whole if row["period"] == month]
    for who in history.everyone:
        part = detail(url, wallet_id=who.wallet_id.hex)
        assert part == [r for r in whole if r["customer_id"] == f"cus_{who.customer_id.hex}"]
    assert len(months) > 1


def test_the_control_sums_are_those_of_the_rows(url: str) -> None:
    text, control = written(url, NDJSON)

    table = [orjson.loads(line) for line in text.splitlines()]
    sums = {name: sum(Decimal(row[name]) for row in table) for name in FIGURES[1:]}
    assert control.rows == len(table)
    assert control.sums["USD"] == {name: int(value.scaleb(9)) for name, value in sums.items()}


def test_calls_come_in_the_order_of_their_holds_wherever_their_rows_lie(url: str) -> None:
    before = detail(url)
    with psycopg.connect(url) as conn:
        conn.execute(
            "UPDATE read.calls SET flags = flags WHERE request_id IN"
            " (SELECT request_id FROM read.calls ORDER BY created_position LIMIT 9)"
        )

    assert detail(url) == before


def test_progress_is_told_in_rows(url: str) -> None:
    told: list[tuple[int, int]] = []

    _, control = written(url, CSV, lambda *done: told.append(done))

    assert told[-1] == (control.rows, control.rows)


def test_read_models_are_brought_up_to_the_log_first(server_url: str, history: Months) -> None:
    with database(server_url) as url:
        history.stored = 0
        history.store(url)

        calls = len(detail(url))
        positions = rows(url, "SELECT DISTINCT position FROM read.projection_positions")

        assert calls == rows(url, "SELECT count(*) FROM read.calls")[0][0]
        assert positions == [(len(history.ledger.facts),)]


def test_a_long_way_is_followed_in_windows(database_url: str, history: Months) -> None:
    history.stored = 0
    history.store(database_url)

    with owner(database_url) as conn:
        follow_log(conn, GATEWAY_ROLE, MODELS, window=50)

    positions = rows(database_url, "SELECT DISTINCT position FROM read.projection_positions")
    assert positions == [(len(history.ledger.facts),)]


def test_a_read_model_that_was_halted_is_not_exported(database_url: str) -> None:
    with installed(database_url) as conn:
        Shelf(LIVE).halt(conn, Calls.name, 3)

    with pytest.raises(ExportRefusedError, match="calls does not follow the log"):
        detail(database_url)


def test_a_rebuilt_table_does_not_come_into_an_export(url: str) -> None:
    follow(url)
    swap = "ALTER TABLE read.calls SET SCHEMA public"
    with (
        models_at_one_moment(partial(owner, url), GATEWAY_ROLE, MODELS),
        psycopg.connect(url) as other,
    ):
        other.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(swap)
