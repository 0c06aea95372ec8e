"""The year's statements: each adds up, twelve months chain, and the books are in balance."""

from collections import Counter
from contextlib import closing
from decimal import Decimal
from itertools import pairwise

import pytest

from domain import wallet_events as wallet
from projections.reports.catalogue import REPORTS
from projections.reports.report import Asked, draw_report
from projections.statement.document import SECTIONS
from tests.projections.drawing import Drawn, draw_all
from tests.projections.history import rows
from tests.projections.looking import Looking, ask
from tests.year.story import Year

SIGNED = {"opening", "closing"}


@pytest.fixture(scope="module")
def statements(year_url: str) -> dict[str, list[Drawn]]:
    """Every statement, by wallet and in order."""
    found: dict[str, list[Drawn]] = {}
    for drawn in draw_all(year_url):
        found.setdefault(drawn.fields["wallet_id"], []).append(drawn)
    return found


def test_twelve_months_chain_from_opening_to_closing(
    statements: dict[str, list[Drawn]],
) -> None:
    months = [f"2025-{number:02d}" for number in range(1, 13)]
    for drawn in statements.values():
        assert [statement.row.period for statement in drawn] == months
        assert drawn[0].fields["opening"] == "0.00"
        for before, after in pairwise(drawn):
            assert after.fields["opening"] == before.fields["closing"]
            assert after.fields["from"] == before.fields["until"]
    assert len(statements) == 3


def test_every_roll_forward_is_exact(statements: dict[str, list[Drawn]]) -> None:
    for drawn in statements.values():
        for statement in drawn:
            fields = statement.fields
            moved = sum(Decimal(line["amount"]) for name in SECTIONS for line in fields[name])
            assert Decimal(fields["opening"]) + moved == Decimal(fields["closing"])
            for rolled in fields["roll_forward"]:
                moves = [Decimal(v) for k, v in rolled.items() if k not in {*SIGNED, "category"}]
                assert Decimal(rolled["opening"]) + sum(moves) == Decimal(rolled["closing"])


def test_every_call_is_charged_on_one_statement(
    statements: dict[str, list[Drawn]], year: Year
) -> None:
    closed = {(f.originator_id, f.period) for f in year.facts(wallet.PeriodClosed)}
    charged = [f for f in year.facts(wallet.Charged) if (f.originator_id, f.period) in closed]

    calls = sum(s.fields["control"]["calls"] for drawn in statements.values() for s in drawn)
    amount = sum(
        Decimal(s.fields["control"]["charges"]["amount"])
        for drawn in statements.values()
        for s in drawn
    )

    assert calls == len(charged) > 40_000
    assert amount == Decimal(-sum(f.amount for f in charged)).scaleb(-9)


def test_corrections_across_months_and_late_charges_are_on_later_statements(
    statements: dict[str, list[Drawn]],
) -> None:
    across: Counter[str] = Counter()
    for drawn in statements.values():
        for statement in drawn:
            month = statement.row.period
            across["corrections"] += sum(
                line["corrects"] < month for line in statement.fields["corrections"]
            )
            across["late"] += len(statement.fields["late"])
            assert all(line["held_in"] < month for line in statement.fields["late"])

    assert across["corrections"] > 30
    assert across["late"] > 0


def test_a_statement_drawn_again_is_the_same(
    statements: dict[str, list[Drawn]], year_url: str
) -> None:
    again = {drawn.row.number: drawn.text for drawn in draw_all(year_url)}

    assert again == {s.row.number: s.text for drawn in statements.values() for s in drawn}


def test_the_trial_balance_is_zero(year: Year, year_url: str) -> None:
    async def drawing(conn: Looking) -> dict[str, Decimal]:
        report, asked = REPORTS["trial-balance"], Asked(year.now, until="2026-01")
        with closing(await draw_report(conn, report, asked)) as drawn:
            (total,) = drawn.totals()
            assert (total["debit"], total["balance"]) == (total["credit"], "0.00")
            return {line["account"]: Decimal(line["balance"]) for line in drawn.lines}

    accounts = ask(year_url, drawing)

    ((posted,),) = rows(year_url, "SELECT sum(posted)::bigint FROM read.balances")
    ours = [name for name in accounts if "Wallet" in name or "Receivable" in name]
    assert len(ours) == 3
    assert sum(accounts[name] for name in ours) == Decimal(-posted).scaleb(-9)
