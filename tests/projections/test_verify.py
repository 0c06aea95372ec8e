"""Verifying a database: silent about a sound one, and every planted fault is named."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.ledger.connection import connect
from adapters.ledger.group_commit import PostgresLedger
from domain.wallet_events import Granted
from projections.balances import MOVES
from projections.catalogue import ALL
from projections.customers import Customers
from projections.verify import Report, verify
from tests.adapters.ledger.till import Till
from tests.projections.audited import story
from tests.projections.following import Choosy, NextCustomers
from tests.projections.history import History, database, everything, follow, owner, rows
from tests.projections.planting import Plant, deleted, doubled, edited, model, swapped


@pytest.fixture(scope="module")
def sound_log(server_url: str) -> Iterator[str]:
    """The name of a database with a sound history, to be copied."""
    with database(server_url) as url:
        story().store(url)
        follow(url)
        yield conninfo_to_dict(url)["dbname"]


@pytest.fixture
def told_url(server_url: str, sound_log: str) -> Iterator[str]:
    with database(server_url, sound_log) as url:
        yield url


def verified(url: str, **options: Any) -> Report:
    return verify(lambda: owner(url), **options)


def test_a_sound_database_passes(told_url: str) -> None:
    before = everything(told_url)
    reports: list[tuple[int, int]] = []

    report = verified(told_url, progress=lambda done, total: reports.append((done, total)))

    assert (report.violations, report.violation_count, report.sound) == ([], 0, True)
    assert [(entry.name, entry.different) for entry in report.compared] == [
        (projection.name, 0) for projection in ALL
    ]
    assert report.events == report.position == len(rows(told_url, "TABLE ledger_events"))
    assert (report.wallets, report.calls, report.charges, report.corrections) == (2, 7, 4, 2)
    assert everything(told_url) == before
    assert reports[0][0] == 0
    assert reports[-1][0] == reports[-1][1]


def test_a_random_history_passes(database_url: str) -> None:
    history = History(31)
    history.live(1_500)
    history.store(database_url)
    follow(database_url)

    report = verified(database_url)

    assert (report.violations, report.sound) == ([], True)


def test_what_the_ledger_itself_wrote_passes(database_url: str) -> None:
    async def write() -> None:
        ledger, till = PostgresLedger(lambda: connect(database_url), 0), Till()
        await ledger.start()
        await till.open(ledger)
        calls = [till.call() for _ in range(20)]
        await asyncio.gather(*(ledger.execute(call) for call in calls))
        await asyncio.gather(*(ledger.execute(till.charge(call)) for call in calls[:12]))
        await asyncio.gather(*(ledger.execute(till.release(call)) for call in calls[12:]))
        await ledger.close()

    asyncio.run(write())
    follow(database_url)

    report = verified(database_url)

    assert (report.violations, report.warnings, report.calls) == ([], [], 20)


def test_an_empty_database_passes(database_url: str) -> None:
    report = verified(database_url)

    assert report.sound
    assert {finding.check for finding in report.warnings} == {"read model"}


def test_each_model_is_compared_at_its_own_position(told_url: str) -> None:
    with owner(told_url) as conn:
        ((last,),) = conn.execute("SELECT max(position) FROM ledger_events").fetchall()
        conn.execute("DELETE FROM read.transactions")
        conn.execute("DELETE FROM read.customers WHERE position > 5")
        conn.execute(
            "UPDATE read.projection_positions SET position = 0 WHERE name = 'transactions'"
        )
        conn.execute("UPDATE read.projection_positions SET position = 5 WHERE name = 'customers'")

    report = verified(told_url)

    assert report.violations == []
    at = {entry.name: entry.position for entry in report.compared}
    assert at == {p.name: last for p in ALL} | {"transactions": 0, "customers": 5}


def test_a_model_of_another_version_is_a_warning(told_url: str) -> None:
    report = verified(told_url, projections=[NextCustomers()])

    assert report.sound
    assert [finding.message for finding in report.warnings][-1] == "customers is not built yet"


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (edited("wallet.granted.2", 2, amount=60_000), "read model"),
        (edited("wallet.charged.2", amount=lambda n: n - 1), "allocations"),
        (edited("inference_request.charged.3", amount=lambda n: n - 1), "price"),
        (edited("inference_request.charged.3", usage={"input": 3}), "price"),
        (edited("inference_request.reserved.3", price_version="pv_other"), "price"),
        (edited("inference_request.corrected.2", total=1), "corrections"),
        (edited("wallet.reserved.2", amount=10**12), "oversold"),
        (deleted("wallet.granted.2", 1), "sequence"),
        (deleted("wallet.charged.2"), "sequence"),
        (deleted("inference_request.charged.3"), "sequence"),
        (doubled("wallet.charged.2"), "calls"),
        (doubled("inference_request.charged.3"), "calls"),
        (doubled("wallet.hold_expired.2"), "calls"),
        (doubled("wallet.released.2"), "holds"),
        (swapped, "sequence"),
        (
            model(
                "UPDATE read.balances SET posted = posted + 1",
                "SELECT position FROM read.balances",
            ),
            "read model",
        ),
        (
            model(
                "DELETE FROM read.transactions WHERE type = 'correction' AND posted > 0",
                "SELECT position FROM read.transactions WHERE type = 'correction' AND posted > 0",
            ),
            "read model",
        ),
        (
            model(
                "INSERT INTO read.open_requests SELECT wallet_id, wallet_id, wallet_id, 1, now(),"
                " 12 FROM read.balances LIMIT 1",
                "SELECT 12",
            ),
            "read model",
        ),
    ],
    ids=[
        "a grant of more",
        "a charge of less on the wallet",
        "a charge of less on the request",
        "another usage",
        "another price version",
        "another corrected total",
        "a hold beyond the funds",
        "a deleted grant",
        "a deleted charge on the wallet",
        "a deleted charge on the request",
        "a doubled charge on the wallet",
        "a doubled charge on the request",
        "a doubled expiry",
        "a doubled release",
        "two events exchanged",
        "another balance",
        "a transaction taken away",
        "an open request too many",
    ],
)
def test_a_planted_fault_is_found_and_named(told_url: str, plant: Plant, check: str) -> None:
    with owner(told_url) as conn:
        position = plant(conn)

    report = verified(told_url)

    assert not report.sound
    named = [finding for finding in report.violations if finding.position == position]
    assert check in {finding.check for finding in named}
    ((topic, originator_id),) = rows(
        told_url, "SELECT topic, originator_id FROM ledger_events WHERE position = %s", position
    )
    assert {(f.topic, f.originator_id) for f in named} == {(topic, originator_id.hex)}


def test_a_halted_model_is_named_with_its_event(told_url: str) -> None:
    with owner(told_url) as conn:
        conn.execute("UPDATE read.projection_positions SET position = 2, halted_at = 3")
        conn.execute("DELETE FROM read.customers")

    report = verified(told_url, projections=[Customers()])

    assert [(f.position, f.message) for f in report.violations] == [
        (3, "customers is halted at this event")
    ]


def test_an_event_that_a_model_cannot_take_is_named(told_url: str) -> None:
    ((bad,),) = rows(told_url, "SELECT max(position) FROM read.customers")

    report = verified(told_url, projections=[Choosy(bad, KeyError("bug"))])

    assert [(f.position, f.message) for f in report.violations] == [
        (bad, "customers cannot take this event")
    ]


def test_a_fold_that_differs_from_the_audit_is_told(
    told_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOVES, Granted.TOPIC, lambda change, fact: None)
    with psycopg.connect(told_url) as conn:
        conn.execute("DROP SCHEMA read CASCADE")
    follow(told_url)

    report = verified(told_url)

    assert report.violation_count == 2
    assert all("and the audit" in finding.message for finding in report.violations)
