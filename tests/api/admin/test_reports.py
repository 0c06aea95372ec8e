"""Reports over the admin API: in the envelope with totals, as CSV, and never half understood."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import ids
from projections.reports.catalogue import REPORTS
from tests.api.helpers import data, refused
from tests.api.past import FIRST, SECOND, Books, books, past
from tests.projections.history import database


@pytest.fixture(scope="module")
def desk(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    folder: Path = tmp_path_factory.mktemp("books")
    with database(server_url) as url, books(url, folder, past(4)) as opened:
        yield opened


def test_the_list_names_every_report(desk: Books) -> None:
    items = data(desk.admin("GET", "/reports"))["items"]

    assert [item["name"] for item in items] == list(REPORTS)
    assert items[0]["parameters"] == ["customer_id"]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_and_its_table_have_the_same_lines(desk: Books, name: str) -> None:
    # What has expired by today's clock is swept away while one looks, or not: there is no sweeper.
    drawn = data(desk.admin("GET", f"/reports/{name}"))
    table = desk.admin("GET", f"/reports/{name}.csv")

    lines = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert drawn["report"] == name
    assert drawn["position"] > 0
    assert len(lines) == len(drawn["items"]) == sum(row["lines"] for row in drawn["totals"])
    assert table.text.splitlines()[0].split(",") == list(REPORTS[name].columns)
    assert table.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    assert drawn["items"] or name == "credit-expiry"


def test_deferred_revenue_is_of_these_months_and_by_customer(desk: Books) -> None:
    query = {"from": FIRST, "to": SECOND, "by": "customer"}

    items = data(desk.admin("GET", "/reports/deferred-revenue", params=query))["items"]

    assert {item["month"] for item in items} == {FIRST, SECOND}
    assert len({item["customer_id"] for item in items}) == 2


def test_a_report_can_be_of_one_customer(desk: Books) -> None:
    customer_id = ids.public(ids.CUSTOMER, desk.told.everyone[0].customer_id)

    for name in ("holds-ageing", "corrections"):
        answer = desk.admin("GET", f"/reports/{name}", params={"customer_id": customer_id})
        assert {item["customer_id"] for item in data(answer)["items"]} <= {customer_id}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("credit-expiry", {"from": FIRST}),
        ("corrections", {"from": SECOND, "to": FIRST}),
        ("corrections", {"from": "2025"}),
        ("deferred-revenue", {"by": "wallet"}),
        ("trial-balance", {"customer_id": "me"}),
        ("trial-balance", {"limit": "3"}),
    ],
)
def test_what_a_report_does_not_take_is_refused(
    desk: Books, path: str, query: dict[str, str]
) -> None:
    assert refused(desk.admin("GET", f"/reports/{path}", params=query)) == (422, "invalid_value")


@pytest.mark.parametrize(
    "name", ["none", "trial-balance.pdf", "trial-balance.", "corrections.csv.x"]
)
def test_there_are_no_other_reports(desk: Books, name: str) -> None:
    assert refused(desk.admin("GET", f"/reports/{name}")) == (404, "not_found")
