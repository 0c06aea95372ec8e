"""After a month is closed: its document stays, and what comes later is on the next one."""

from datetime import timedelta
from decimal import Decimal

from projections.statement.document import SECTIONS
from tests.projections.drawing import draft, draw_all, wallets
from tests.projections.history import database, follow
from tests.projections.months import Months


def test_what_comes_after_the_close_leaves_the_document_as_it_is(server_url: str) -> None:
    with database(server_url) as url:
        history = Months(5)
        history.live(800)
        history.close_all()
        history.store(url)
        follow(url)
        before = {statement.row.number: statement.text for statement in draw_all(url)}

        history.live(800)
        history.store(url)
        follow(url)
        after = {statement.row.number: statement.text for statement in draw_all(url)}

        assert before
        assert len(after) > len(before)
        assert {number: after[number] for number in before} == before


def test_a_correction_of_a_closed_month_is_on_the_next_statement_and_names_it(
    database_url: str,
) -> None:
    history = Months(customers=1)
    held = history.reserve()
    history.charge(held, {"input": 10, "output": 20})
    history.tick(days=15)
    history.close()
    history.correct(held, 20)
    history.tick(days=31)
    history.close()
    history.store(database_url)
    follow(database_url)

    november, december = draw_all(database_url)

    (line,) = december.fields["corrections"]
    assert november.fields["corrections"] == []
    assert (line["corrects"], line["amount"]) == ("2026-11", "0.00000002")
    assert line["request_id"] == f"req_{held.request_id.hex}"
    (paid, _, _) = december.fields["roll_forward"]
    assert (paid["correction"], paid["prior_correction"]) == ("0.00", "0.00000002")


def test_a_charge_after_the_close_is_a_late_item_of_the_next_statement(database_url: str) -> None:
    history = Months(customers=1)
    history.tick(days=10)
    held = history.reserve(hold_for=timedelta(days=9))
    history.tick(days=2)
    history.close()
    history.charge(held, {"input": 10, "output": 20})
    history.tick(days=31)
    history.close()
    history.store(database_url)
    follow(database_url)

    history.correct(held, 20)
    history.store(database_url)
    follow(database_url)

    november, december = draw_all(database_url)

    assert november.fields["open_holds"] == {"count": 1, "amount": "0.00000005"}
    assert november.fields["charges"] == november.fields["late"] == []
    (late,) = december.fields["late"]
    (charge,) = december.fields["charges"]
    assert (late["held_in"], late["amount"]) == ("2026-11", "-0.00000005")
    assert charge["amount"] == late["amount"]
    memos = {line["type"]: line["memo"] for line in december.table if line["memo"]}
    assert memos == {"late": "-0.00000005", "absorbed": "0.00", "open_holds": "0.00"}


def test_a_draft_is_the_statement_to_be_without_a_number(server_url: str) -> None:
    with database(server_url) as url:
        history = Months(7)
        history.live(600)
        history.store(url)
        follow(url)
        drafts = {w.wallet_id: draft(url, w, w.calendar.next_to_close) for w in wallets(url)}
        history.tick(days=40)
        for who in history.everyone:
            history.who = who
            history.close()
        history.store(url)
        follow(url)

        issued = {statement.row.wallet_id: statement.fields for statement in draw_all(url)[-3:]}

        for wallet_id, (fields, html) in drafts.items():
            assert (fields["number"], fields["status"]) == (None, "draft")
            assert fields["opening"] == issued[wallet_id]["opening"]
            assert fields["month"] == issued[wallet_id]["month"]
            assert fields["charges"] == issued[wallet_id]["charges"]
            assert "<h1>Draft statement</h1>" in html
            moved = sum(Decimal(line["amount"]) for name in SECTIONS for line in fields[name])
            assert Decimal(fields["opening"]) + moved == Decimal(fields["closing"])


def test_a_reference_is_run_neither_by_a_spreadsheet_nor_by_a_browser(database_url: str) -> None:
    history = Months(customers=1)
    history.grant(7, reference='=cmd|"<script>')
    history.tick(days=14)
    history.close()
    history.store(database_url)
    follow(database_url)

    (statement,) = draw_all(database_url)

    references = [line["reference"] for line in statement.table if line["reference"]]
    assert references == ["'=cmd|\"<script>"]
    assert "<script>" not in statement.page
    assert "=cmd|&quot;&lt;script&gt;" in statement.page
    assert statement.fields["grants"][1]["reference"] == '=cmd|"<script>'
