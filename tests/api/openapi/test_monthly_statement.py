"""The customer's statement: as issued, byte for byte, or a draft, and never another customer's."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain import ids
from tests.api.helpers import data, refused
from tests.api.openapi.till import Account
from tests.api.past import FIRST, SECOND, THIRD, Books, books, past
from tests.projections.history import database, rows

STATEMENT = "/billing/monthly-statement"


@pytest.fixture(scope="module")
def desk(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """Two months are closed, the others open."""
    folder: Path = tmp_path_factory.mktemp("books")
    with database(server_url) as url, books(url, folder, past(4), issuer_name="T & Co") as opened:
        opened.close(SECOND)
        yield opened


@pytest.fixture(scope="module")
def customer(desk: Books) -> Account:
    return desk.account_of(desk.told.everyone[0])


def issued(desk: Books, customer: Account, month: str) -> dict[str, Any]:
    (row,) = desk.register(customer_id=customer.customer_id, month=month)
    return row


@pytest.mark.parametrize("month", [FIRST, SECOND])
def test_a_closed_month_is_the_issued_document(desk: Books, customer: Account, month: str) -> None:
    row = issued(desk, customer, month)

    shown = data(desk.till.get(customer, STATEMENT, month=month))
    text = desk.till.get(customer, f"{STATEMENT}.json", month=month)

    assert shown["sha256"] == row["sha256"] == hashlib.sha256(text.content).hexdigest()
    assert shown["statement"] == json.loads(text.content)
    assert shown["statement"]["number"] == row["number"]
    assert shown["statement"]["customer_id"] == customer.customer_id
    assert text.headers["content-disposition"].endswith(f'"{row["number"]}.json"')


def test_an_open_month_is_a_draft(desk: Books, customer: Account) -> None:
    shown = data(desk.till.get(customer, STATEMENT, month=THIRD))
    closed = data(desk.till.get(customer, STATEMENT, month=SECOND))["statement"]

    assert (shown["sha256"], shown["issued_at"]) == (None, None)
    assert (shown["statement"]["status"], shown["statement"]["number"]) == ("draft", None)
    assert shown["statement"]["opening"] == closed["closing"]


@pytest.mark.parametrize("month", [SECOND, THIRD])
def test_the_table_has_the_same_lines(desk: Books, customer: Account, month: str) -> None:
    fields = data(desk.till.get(customer, STATEMENT, month=month))["statement"]

    answer = desk.till.get(customer, f"{STATEMENT}.csv", month=month)

    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    charged = [line["amount"] for line in lines if line["type"] == "charge"]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["x-gateway-request-id"].startswith("req_")
    assert charged == [line["amount"] for line in fields["charges"]]
    assert lines[0]["balance"] == fields["opening"]


def test_the_page_names_both_parties_and_may_load_nothing(desk: Books, customer: Account) -> None:
    answer = desk.till.get(customer, STATEMENT, month=SECOND, format="html")

    row = issued(desk, customer, SECOND)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "T &amp; Co" in answer.text
    assert row["sha256"] in answer.text
    assert row["number"] in answer.text


def test_the_operators_page_and_table_are_those_of_the_customer(
    desk: Books, customer: Account
) -> None:
    row = issued(desk, customer, SECOND)

    for suffix, path, query in (
        ("html", STATEMENT, {"format": "html"}),
        ("csv", f"{STATEMENT}.csv", {}),
    ):
        theirs = desk.till.get(customer, path, month=SECOND, **query)
        ours = desk.admin("GET", f"/statements/{row['number']}.{suffix}")
        assert ours.content == theirs.content


@pytest.mark.parametrize(
    ("month", "status"),
    [("2025-02", 404), ("2199-01", 422), ("2025-13", 422), ("March", 422), ("", 422), (None, 422)],
)
def test_what_can_be_no_statement_is_refused(
    desk: Books, customer: Account, month: str | None, status: int
) -> None:
    query = {} if month is None else {"month": month}

    for path in (STATEMENT, f"{STATEMENT}.csv", f"{STATEMENT}.json"):
        assert refused(desk.till.get(customer, path, **query))[0] == status


def test_an_unknown_format_or_parameter_is_refused(desk: Books, customer: Account) -> None:
    for query in ({"format": "pdf"}, {"customer_id": "cus_1"}):
        answer = desk.till.get(customer, STATEMENT, month=SECOND, **query)
        assert refused(answer) == (422, "invalid_value")


@pytest.mark.parametrize(
    "name", ["ST-1", "ST-00000099", "ST-00000001.pdf", "x", "ST-00000001.x.csv"]
)
def test_a_statement_that_is_not_there_is_not_found(desk: Books, name: str) -> None:
    assert refused(desk.admin("GET", f"/statements/{name}")) == (404, "not_found")


def test_the_register_is_read_by_pages(desk: Books) -> None:
    first = data(desk.admin("GET", "/statements", params={"limit": "3"}))
    rest = data(
        desk.admin("GET", "/statements", params={"limit": "3", "cursor": first["next_cursor"]})
    )

    numbers = [row["number"] for row in (*first["items"], *rest["items"])]
    assert numbers == [row["number"] for row in desk.register()]
    assert (len(numbers), rest["next_cursor"]) == (4, None)
    forged = desk.admin("GET", "/statements", params={"cursor": "forged"})
    assert refused(forged) == (422, "invalid_value")


def test_a_closed_months_correction_changes_the_draft_and_not_the_issued_document(
    desk: Books,
) -> None:
    who = desk.told.everyone[1]
    customer = desk.account_of(who)
    before = desk.till.get(customer, f"{STATEMENT}.json", month=SECOND).content
    ((request_id, charged),) = rows(
        desk.url,
        "SELECT request_id, total FROM read.calls WHERE wallet_id = %s AND period = %s"
        " AND total > 0 LIMIT 1",
        who.wallet_id,
        SECOND,
    )

    desk.till.correct(ids.public(ids.REQUEST, request_id), charged)

    after = desk.till.get(customer, f"{STATEMENT}.json", month=SECOND).content
    ((now,),) = rows(desk.url, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')")
    current = data(desk.till.get(customer, STATEMENT, month=now))["statement"]
    assert after == before
    assert [line["corrects"] for line in current["corrections"]] == [SECOND]


def test_a_statement_that_is_no_longer_what_was_issued_is_not_shown(
    server_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with database(server_url) as url, books(url, tmp_path, past(6, 200)) as desk:
        desk.close(SECOND)
        customer = desk.account_of(desk.told.everyone[0])
        with psycopg.connect(url) as conn:
            conn.execute("UPDATE read.usage_days SET calls = calls + 1, input = input + 1")
            conn.execute(
                "UPDATE read.statements SET closing = closing + 1 WHERE period = '2025-03'"
            )

        for month, fault in ((SECOND, "not what was issued"), (FIRST, "does not add up")):
            answer = desk.till.get(customer, STATEMENT, month=month)

            assert refused(answer) == (500, "statement_changed")
            assert fault in caplog.text
            assert {record.levelname for record in caplog.records} == {"CRITICAL"}
            caplog.clear()
