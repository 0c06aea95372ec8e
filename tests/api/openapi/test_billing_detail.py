"""Billing detail: one row a call, by pages and as CSV, and nothing that a query cannot mean."""

import csv
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.openapi.billing_detail import COLUMNS
from domain.settle_call import Outcome
from domain.usage import METERED
from projections.read_calls import all_calls
from tests.api.helpers import data, refused
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

USAGE = {"input": 100, "cached_input": 40, "output": 60, "reasoning": 5}


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(shop: Till) -> Account:
    """With a call of every kind, the dearest of them corrected."""
    account = shop.account()
    dear = shop.call(account, USAGE, model="sandbox-large", tags={"cost_center": "berlin"})
    shop.call(account, USAGE, tags={"cost_center": "paris", "team": "a"})
    shop.call(account, {"input": 3}, client_request_id="=cmd()")
    shop.settle(shop.hold(account), Outcome(1, reason="upstream_error"))
    shop.hold(account)
    shop.correct(dear, 1_000)
    return account


def listed(shop: Till, account: Account, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data(shop.get(account, "/billing/detail", **query))["items"]
    return found


def table(shop: Till, account: Account, **query: Any) -> list[dict[str, str]]:
    answer = shop.get(account, "/billing/detail.csv", **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_every_call_is_a_row_the_newest_first(shop: Till, customer: Account) -> None:
    rows = listed(shop, customer)

    assert [row["status"] for row in rows] == [
        "reserved", "released", "charged", "charged", "charged",
    ]  # fmt: skip
    dear = rows[-1]
    assert dear["model"] == "sandbox-large"
    assert dear["usage"] == USAGE
    assert (dear["input_tokens"], dear["output_tokens"]) == (140, 65)
    assert dear["amount"] == "0.00095"  # 100 × 2.50 + 40 × 1.25 + 65 × 10, per million
    assert (dear["corrected"], dear["total"]) == ("0.000001", "0.000949")
    assert dear["tags"] == {"cost_center": "berlin"}
    assert dear["api_key_id"] == customer.key_id
    assert rows[1]["reason"] == "upstream_error"
    assert {row["currency"] for row in rows} == {"USD"}


def test_the_csv_says_what_the_json_says(shop: Till, customer: Account) -> None:
    rows = listed(shop, customer)[::-1]

    cells = table(shop, customer)

    assert len(cells) == len(rows)
    for row, cell in zip(rows, cells, strict=True):
        assert tuple(cell) == COLUMNS
        for name in ("request_id", "status", "model", "hold", "amount", "corrected", "total"):
            assert cell[name] == row[name]
        assert {c: int(cell[c]) for c in METERED if cell[c] != "0"} == row["usage"]
        assert cell["created_at"] == row["created_at"]
        assert cell["tags"] == " ".join(f"{k}={v}" for k, v in sorted(row["tags"].items()))


def test_text_that_a_spreadsheet_would_run_is_neutralised(shop: Till, customer: Account) -> None:
    (row,) = [row for row in table(shop, customer) if row["client_request_id"]]

    assert row["client_request_id"] == "'=cmd()"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"model": "sandbox-large"}, 1),
        ({"model": "none"}, 0),
        ({"status": "charged"}, 3),
        ({"status": "reserved"}, 1),
        ({"tag": "cost_center:berlin"}, 1),
        ({"tag": ["cost_center:paris", "team:a"]}, 1),
        ({"tag": ["cost_center:paris", "team:b"]}, 0),
        ({"from": "2100-01-01"}, 0),
        ({"to": "2100-01-01"}, 5),
        ({"from": "2026-01-01T00:00:00+01:00", "to": "2100-01-01"}, 5),
        ({"key_id": "key_" + "0" * 32}, 0),
    ],
)
def test_filters_narrow_list_and_csv_alike(
    shop: Till, customer: Account, query: dict[str, Any], count: int
) -> None:
    assert len(listed(shop, customer, **query)) == count
    assert len(table(shop, customer, **query)) == count


def test_a_call_is_found_by_its_id_and_by_its_key(shop: Till, customer: Account) -> None:
    row = listed(shop, customer)[0]

    assert listed(shop, customer, request_id=row["request_id"]) == [row]
    assert len(listed(shop, customer, key_id=customer.key_id)) == 5


def test_pages_lead_through_all_calls_once(shop: Till, customer: Account) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = data(shop.get(customer, "/billing/detail", **query))
        seen += [row["request_id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == [row["request_id"] for row in listed(shop, customer)]


def test_a_cursor_of_another_list_is_refused(shop: Till, customer: Account) -> None:
    page = data(shop.get(customer, "/billing/detail", limit=1))

    other = shop.get(customer, "/billing/detail", cursor=page["next_cursor"], status="charged")

    assert refused(other) == (422, "invalid_value")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "²"),
        ("cursor", "forged"),
        ("cursor", ""),
        ("from", "yesterday"),
        ("from", "2026-11-20T00:00:00"),
        ("from", "0001-01-01"),
        ("to", "9999-12-31"),
        ("to", "2026-13-01"),
        ("status", "paid"),
        ("model", ""),
        ("model", "a\0b"),
        ("model", "x" * 201),
        ("key_id", "req_" + "0" * 32),
        ("request_id", "5"),
        ("tag", "cost_center"),
        ("tag", "Cost:x"),
        ("tag", ["team:a", "team:b"]),
        ("status", ["charged", "released"]),
        ("surprise", "1"),
    ],
)
def test_an_absurd_query_is_refused_and_its_parameter_named(
    shop: Till, customer: Account, name: str, value: str | list[str]
) -> None:
    answer = shop.get(customer, "/billing/detail", **{name: value})

    assert refused(answer) == (422, "invalid_value")
    if name != "cursor":
        assert f"'{name}'" in answer.json()["message"]
    if name not in {"limit", "cursor"}:
        assert refused(shop.get(customer, "/billing/detail.csv", **{name: value}))[0] == 422


def test_a_period_that_ends_before_it_begins_is_refused(shop: Till, customer: Account) -> None:
    period = {"from": "2026-11-02", "to": "2026-11-01"}

    assert refused(shop.get(customer, "/billing/detail", **period)) == (422, "invalid_value")


def test_a_download_names_its_exchange(shop: Till, customer: Account) -> None:
    answer = shop.get(customer, "/billing/detail.csv")

    assert answer.headers["x-gateway-request-id"].startswith("req_")
    assert answer.headers["content-disposition"] == 'attachment; filename="billing-detail.csv"'


def test_a_long_download_comes_in_parts(
    shop: Till, customer: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = shop.get(customer, "/billing/detail.csv").text
    monkeypatch.setattr("api.openapi.billing_detail.all_calls", partial(all_calls, batch=2))

    assert shop.get(customer, "/billing/detail.csv").text == whole


def test_without_calls_there_is_only_the_header(shop: Till) -> None:
    account = shop.account()

    assert shop.get(account, "/billing/detail.csv").text == ",".join(COLUMNS) + "\r\n"
    assert listed(shop, account) == []
