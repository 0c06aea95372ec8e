"""The ledger entries as CSV: the same as the list, the oldest first, however many there are."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from api.openapi.transactions import COLUMNS
from tests.api.helpers import data, refused
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

PATH = "/balance-transactions"


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(shop: Till) -> Account:
    account = shop.account()
    for _ in range(5):
        shop.correct(shop.call(account, {"input": 100, "output": 60}), 7)
    return account


def table(shop: Till, account: Account, **query: Any) -> list[dict[str, str]]:
    answer = shop.get(account, f"{PATH}.csv", **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].endswith('"balance-transactions.csv"')
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.mark.parametrize("query", [{}, {"type": "correction"}, {"to": "2020-01-01"}])
def test_the_table_has_the_same_entries_as_the_list(
    shop: Till, customer: Account, query: dict[str, str]
) -> None:
    listed = data(shop.get(customer, PATH, limit=1000, **query))["items"]

    rows = table(shop, customer, **query)

    assert rows == [
        {column: "" if item[column] is None else str(item[column]) for column in COLUMNS}
        for item in reversed(listed)
    ]
    assert bool(rows) == ("to" not in query)


def test_the_entries_come_to_the_balance_and_name_their_month(
    shop: Till, customer: Account
) -> None:
    rows = table(shop, customer)

    balance = data(shop.get(customer, "/balance"))
    assert sum(Decimal(row["posted"]) for row in rows) == Decimal(balance["posted"])
    assert rows[-1]["available_after"] == balance["available"]
    corrections = [row for row in rows if row["type"] == "correction"]
    assert len(corrections) == 5
    assert all(row["corrects"] == row["period"] for row in corrections)


def test_another_customers_table_holds_nothing_of_it(shop: Till, customer: Account) -> None:
    other = shop.account()

    ours = {row["transaction_id"] for row in table(shop, customer)}
    theirs = {row["transaction_id"] for row in table(shop, other)}

    assert len(theirs) == 1
    assert not ours & theirs


@pytest.mark.parametrize("query", [{"limit": "5"}, {"cursor": "x"}, {"type": "gift"}])
def test_what_the_table_does_not_take_is_refused(
    shop: Till, customer: Account, query: dict[str, str]
) -> None:
    assert refused(shop.get(customer, f"{PATH}.csv", **query)) == (422, "invalid_value")
