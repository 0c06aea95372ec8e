"""The journal in a file: every format has the same bookings, whole or in part."""

from collections import Counter, defaultdict
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from domain.wallet import Wallet
from projections.exports.journal import accounts
from projections.exports.journal.export import FORMATS, write_journal
from projections.exports.sheets import CSV, NDJSON, PARQUET, SHEETS
from tests.domain.payments import PaidShop
from tests.projections.exports.told import rows_in, written
from tests.projections.history import append, figures, follow, rows
from tests.projections.months import Months

NANO = Decimal("1e-9")


def journal(url: str, form: str = CSV, **selection: str) -> list[dict[str, Any]]:
    return rows_in(written(url, write_journal, form, **selection)[0], form)


@pytest.fixture
def history(database_url: str) -> Months:
    history = Months(21)
    history.live(250)
    history.store(database_url)
    return history


def sums(table: list[dict[str, Any]]) -> dict[str, Decimal]:
    """Sum accounts up; a debit is above zero."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in table:
        found[row["account"]] += Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
    return found


def test_every_transaction_of_the_table_is_balanced(history: Months, database_url: str) -> None:
    by_number: dict[str, Decimal] = defaultdict(Decimal)
    for row in journal(database_url):
        assert (row["debit"] is None) != (row["credit"] is None)
        by_number[row["journal_no"]] += Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)

    assert len(by_number) > 50
    assert not any(by_number.values())


def test_the_accounts_are_what_the_read_model_says(history: Months, database_url: str) -> None:
    follow(database_url)
    totals = sums(journal(database_url))

    balances = rows(database_url, "SELECT wallet_id, posted FROM read.balances")
    assert len(balances) == 3
    for wallet_id, posted in balances:
        own = [accounts.credit(wallet_id.hex, promotional=p) for p in (False, True)]
        names = [*own, accounts.overdraft(wallet_id.hex)]
        assert -sum(totals[name] for name in names) == posted * NANO


def test_the_formats_of_the_table_say_the_same(history: Months, database_url: str) -> None:
    table, json, arrow = (journal(database_url, form) for form in (CSV, NDJSON, PARQUET))

    assert len(table) == len(json) == len(arrow) > 100
    for line, said, row in zip(table, json, arrow, strict=True):
        for name, value in said.items():
            if name == "tags":
                continue
            assert line[name] == (None if value is None else str(value))
            if name in {"debit", "credit"}:
                assert row[name] == (None if value is None else Decimal(value))
            else:
                assert str(row[name]) == str(value)


def test_every_format_comes_to_the_same_sums(history: Months, database_url: str) -> None:
    told = {form: written(database_url, write_journal, form)[1] for form in FORMATS}

    assert len({str(control.sums) for control in told.values()}) == 1
    assert told[CSV].sums["USD"]["debit"] == told[CSV].sums["USD"]["credit"] > 0
    assert told[CSV].rows == len(journal(database_url))


def test_text_formats_have_an_entry_for_each_transaction(
    history: Months, database_url: str
) -> None:
    numbers = {int(row["journal_no"]) for row in journal(database_url)}

    beancount, control = written(database_url, write_journal, "beancount")
    hledger, _ = written(database_url, write_journal, "hledger")

    positions = [
        int(line.split()[1]) for line in beancount.decode().splitlines() if "  position:" in line
    ]
    assert positions == sorted(numbers)
    assert control.rows == len(numbers)
    assert numbers <= {
        int(line.split("(")[1].split(")")[0])
        for line in hledger.decode().splitlines()
        if line[:2] == "20" and "balance of" not in line
    }


@pytest.mark.parametrize("form", sorted(SHEETS))
def test_a_month_and_a_customer_are_parts_of_the_whole(
    history: Months, database_url: str, form: str
) -> None:
    whole = journal(database_url, form)
    months = sorted({row["period"] for row in whole})

    assert len(months) > 1
    for month in months:
        part = journal(database_url, form, month=month)
        assert part == [row for row in whole if row["period"] == month]
    for who in history.everyone:
        part = journal(database_url, form, wallet_id=who.wallet_id.hex)
        mine = f"cus_{who.customer_id.hex}"
        theirs = [row for row in whole if row["customer_id"] == mine]
        assert part == [row for row in theirs if row["memo"] != "upstream cost"]


def test_a_customers_journal_knows_where_the_money_came_from(database_url: str) -> None:
    shop = PaidShop()
    shop.pay(100, known=False)
    shop.pay(7, known=False, reference="pi_of_nobody")
    shop.apply()
    shop.refund(30, "re_1")
    append(database_url, shop.ledger.facts)

    part = journal(database_url, wallet_id=shop.who.wallet_id.hex)

    memos = ("payment received", "grant", "payment refunded", "grant voided")
    assert Counter(row["memo"] for row in part) == dict.fromkeys(memos, 2)
    assert sums(part)["Assets:Cash:Stripe"] == 70 * NANO
    assert sums(part)["Liabilities:Payments:Stripe"] == 0


def test_the_histories_have_what_makes_journals_hard(history: Months, database_url: str) -> None:
    memos = {row["memo"] for row in journal(database_url)}

    assert {"grant", "charge", "upstream cost", "correction", "grant expired"} <= memos
    assert any(figures(wallet)[3] for wallet in history.aggregates(Wallet))
    assert partial(journal, database_url)() == journal(database_url)
