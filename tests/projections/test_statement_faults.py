"""Statements that cannot be: what does not add up is never drawn, and long ones are drawn whole."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain import manage, statement
from domain.money import format_amount
from domain.usage import METERED, TOKEN_COMPONENTS
from domain.wallet_events import Charged
from projections.advance import advance
from projections.errors import LogError, ProjectionLagError
from projections.events import Event
from projections.grants import Grants
from projections.lines import Lines
from projections.long_read import FETCHED
from projections.projection import Projection
from projections.read_statements import gaps, months
from projections.reports.catalogue import REPORTS
from projections.reports.report import Asked, Report, Totals, draw_report
from projections.shelf import LIVE, Shelf
from projections.statement import queries
from projections.statement.draw import StatementError, draft
from projections.statement.number import format_number, parse_number
from projections.statement.sections import TOKENS
from projections.statements import Statements
from tests.projections.drawing import draw_all
from tests.projections.history import follow, installed
from tests.projections.looking import Looking, ask
from tests.projections.months import Months

HEX = UUID(int=7).hex


@pytest.fixture
def closed(database_url: str) -> Months:
    """A month in which everything happened, closed."""
    told = Months(customers=1)
    told.charge(told.reserve(), {"input": 10, "output": 5})
    corrected = told.reserve()
    told.charge(corrected, {"input": 10, "output": 5})
    told.correct(corrected, 3)
    told.grant(50, expires_at=told.now.replace(day=21))
    told.tick(days=2)
    told.sweep()
    void = manage.void_grant(told.who.wallet_id, told.grant(70), reason="mistake", actor="operator")
    told.do(void)
    told.tick(days=14)
    told.close()
    told.store(database_url)
    follow(database_url)
    return told


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("UPDATE read.usage_days SET amount = amount + 1", "charges"),
        ("DELETE FROM read.transactions WHERE type = 'recharge'", "grants"),
        ("UPDATE read.transactions SET posted = 5 WHERE type = 'correction'", "corrections"),
        ("UPDATE read.transactions SET period = '2027-01' WHERE type = 'expiry'", "expiries"),
        ("UPDATE read.transactions SET posted = -1 WHERE type = 'void'", "voids"),
        ("UPDATE read.statements SET opening = 1", "opening"),
        ("UPDATE read.statements SET closing = 1", "closing"),
    ],
)
def test_what_does_not_add_up_is_not_drawn(
    closed: Months, database_url: str, fault: str, what: str
) -> None:
    assert draw_all(database_url)
    with psycopg.connect(database_url) as conn:
        changed = conn.execute(fault.encode())
        assert changed.rowcount > 0

    with pytest.raises(StatementError, match=f"^{what} of wallet {closed.wallet.id.hex}"):
        draw_all(database_url)


def test_a_draft_is_not_drawn_from_read_models_that_are_apart(database_url: str) -> None:
    history = Months(customers=1)
    history.store(database_url)
    follow(database_url)
    history.grant(5)
    history.store(database_url)
    with installed(database_url) as conn:
        advance(conn, Shelf(LIVE), [Grants()])

    async def asked(conn: Looking) -> None:
        (wallet,) = await months(conn)
        with closing(await draft(conn, wallet, "2026-11")):
            pass

    with pytest.raises(ProjectionLagError):
        ask(database_url, asked)


def test_a_statement_of_many_lines_has_them_all(database_url: str) -> None:
    for grants in (FETCHED - 1, 2 * FETCHED):
        history = Months(customers=1)
        for _ in range(grants):
            history.grant(1)
        history.tick(days=14)
        history.close()
        with psycopg.connect(database_url) as conn:
            conn.execute("ALTER TABLE ledger_events DISABLE TRIGGER append_only")
            conn.execute("TRUNCATE ledger_events RESTART IDENTITY")
            conn.execute("DROP SCHEMA IF EXISTS read CASCADE")
        history.store(database_url)
        follow(database_url)

        (statement,) = draw_all(database_url)

        assert len(statement.fields["grants"]) == grants + 1
        assert statement.fields["closing"] == format_amount(100_000 + grants)


def test_lines_that_no_longer_fit_in_memory_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.lines.IN_MEMORY_BYTES", 64)
    with closing(Lines()) as lines:
        written = [{"b": number, "a": "x\n"} for number in range(100)]
        for line in written:
            lines.add(line, 2)

        assert list(lines) == list(lines) == written
        assert list(lines.written())[3] == b'{"a":"x\\n","b":3}'
        assert b"".join(lines.array()).startswith(b'[{"a":"x\\n","b":0},{')
        assert (lines.count, lines.amount) == (100, 200)
        assert lines._file._rolled  # type: ignore[attr-defined]


def test_no_lines_are_an_empty_array() -> None:
    with closing(Lines()) as lines:
        assert b"".join(lines.array()) == b"[]"


@pytest.mark.parametrize("number", [1, 42, 99_999_999, 100_000_000, 10**17])
def test_a_number_is_read_as_it_is_written(number: int) -> None:
    assert parse_number(format_number(number)) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "ST-1",
        "ST-0000001",
        "ST-000000001",
        "st-00000001",
        "ST-00000000x",
        "ST-\u06600000001",
    ],
)
def test_what_no_number_is_written_as_is_none(text: str) -> None:
    assert parse_number(text) is None


def test_a_number_that_no_month_has_is_a_gap(closed: Months, database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE read.statements SET number = 3")

    found = ask(database_url, gaps)

    assert [tuple(gap) for gap in found] == [
        (1, "missing"), (2, "missing"), (3, "closed, not issued yet"),
    ]  # fmt: skip


def test_every_component_of_usage_is_in_a_statement() -> None:
    assert set(TOKENS) == TOKEN_COMPONENTS
    for component in METERED:
        assert f"sum({component})::bigint AS {component}" in queries.CHARGES


CHARGE = {
    "period": "2026-11", "held": 0, "amount": 1, "absorbed": 0, "allocations": [[HEX, 1]],
    "overdraft": 0, "expired": [], "repaid": [], "timestamp": "2026-11-20T12:00:00Z",
}  # fmt: skip
ISSUE = {
    "wallet_id": HEX, "period": "2026-11", "number": 1, "position": 1, "tree_size": None,
    "sha256": "", "timestamp": "2026-11-20T12:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("projection", "event", "what"),
    [
        (Grants(), Event(9, Charged.TOPIC, HEX, CHARGE), "never granted"),
        (Statements(), Event(9, statement.Issued.TOPIC, HEX, ISSUE), "open month"),
    ],
    ids=["grants", "statements"],
)
def test_what_cannot_be_is_refused_by_its_position(
    database_url: str, projection: Projection, event: Event, what: str
) -> None:
    events: Sequence[Event] = [event]
    with installed(database_url) as conn, pytest.raises(LogError, match=what) as caught:
        projection.project(conn, LIVE, events)

    assert caught.value.position == 9


def test_a_report_that_cannot_be_drawn_leaves_nothing_open(database_url: str) -> None:
    follow(database_url)
    held: list[Any] = []

    async def broken(conn: Any, asked: Asked) -> Any:
        held.append(asked)
        yield {}
        raise AssertionError

    report = Report("broken", (), Totals((), ()), frozenset(), broken)

    async def asked(conn: Looking) -> None:
        with pytest.raises(AssertionError):
            await draw_report(conn, report, Asked(Months().now))
        assert not conn.broken
        assert (await (await conn.execute("SELECT 1")).fetchone()) == (1,)

    ask(database_url, asked)


def test_reports_on_nothing_are_empty(database_url: str) -> None:
    follow(database_url)

    async def asked(conn: Looking) -> None:
        for report in REPORTS.values():
            with closing(await draw_report(conn, report, Asked(Months().now))) as drawn:
                assert (list(drawn.lines), drawn.totals()) == ([], [])

    ask(database_url, asked)
