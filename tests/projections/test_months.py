"""Months in the read models: every figure of every month is that of a plain fold of the log."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain import wallet_events as facts
from domain.grants import PAID, total
from domain.statement import Issued
from domain.wallet import Wallet
from projections.lot_moves import KINDS
from projections.roll_forward import CATEGORIES
from tests.projections.history import database, follow, rows
from tests.projections.months import Months

SEEDS = (3, 4, 5)


@pytest.fixture(scope="module", params=SEEDS)
def shown(request: pytest.FixtureRequest, server_url: str) -> Iterator[tuple[Months, str]]:
    """A history over some months and the database that shows it, to look at only."""
    with database(server_url) as url:
        told = Months(request.param)
        told.live(1_500)
        told.store(url)
        follow(url, window=97)
        yield told, url


def test_each_months_transactions_add_up_to_what_it_closed_with(
    shown: tuple[Months, str],
) -> None:
    history, url = shown
    closed = history.facts(facts.PeriodClosed)

    for fact in closed:
        ((closing, opening),) = rows(
            url,
            "SELECT coalesce(sum(posted), 0)::bigint,"
            " coalesce(sum(posted) FILTER (WHERE period < %s), 0)::bigint"
            " FROM read.transactions WHERE wallet_id = %s AND period <= %s",
            fact.period,
            fact.originator_id,
            fact.period,
        )
        assert (opening, closing) == (fact.opening, fact.closing)
    assert len(closed) > 5


def test_the_roll_forward_is_the_sum_of_moves_by_the_lots_category(
    shown: tuple[Months, str],
) -> None:
    history, url = shown

    found = rows(url, "SELECT wallet_id, period, category, kind, nanos FROM read.roll_forward")

    expected = naive(history)
    assert {row[:4]: row[4] for row in found if row[4]} == {k: n for k, n in expected.items() if n}
    assert {row[2] for row in found} == {*CATEGORIES, "absorbed"}
    assert {row[3] for row in found} == set(KINDS)


def test_the_roll_forward_comes_to_lots_and_debt(shown: tuple[Months, str]) -> None:
    history, url = shown

    found = rows(
        url,
        "SELECT wallet_id, category, sum(nanos)::bigint FROM read.roll_forward"
        " WHERE category <> 'absorbed' GROUP BY 1, 2",
    )

    sums = {(wallet_id, category): nanos for wallet_id, category, nanos in found}
    for wallet in history.aggregates(Wallet):
        lots = Counter[str]()
        for lot in wallet.lots.values():
            lots[lot.category] += lot.available + lot.held
        for category, left in {**lots, "debt": -wallet.debt}.items():
            assert sums.get((wallet.id, category), 0) == left


def test_what_a_grant_was_used_for_is_known(shown: tuple[Months, str]) -> None:
    history, url = shown
    consumed, expired = Counter[UUID](), Counter[UUID]()
    for fact in history.ledger.facts:
        if isinstance(fact, facts.Charged):
            consumed.update({UUID(lot): part for lot, part in fact.allocations})
        if isinstance(fact, facts.Corrected) and fact.amount < 0:
            consumed.update({UUID(lot): part for lot, part in fact.allocations})
        if isinstance(fact, facts.Charged | facts.Released | facts.HoldExpired | facts.Corrected):
            expired.update({UUID(lot): part for lot, part in fact.expired})
        if isinstance(fact, facts.GrantExpired):
            expired[UUID(fact.grant_id)] += fact.amount

    found = rows(url, "SELECT grant_id, consumed, expired FROM read.grants")

    assert found
    assert {g: n for g, n, _ in found if n} == {g: n for g, n in consumed.items() if n}
    assert {g: n for g, _, n in found if n} == {g: n for g, n in expired.items() if n}


def test_what_is_remembered_of_holds_is_what_is_open(shown: tuple[Months, str]) -> None:
    history, url = shown

    found = rows(url, "SELECT request_id, wallet_id, parts FROM read.held_lots")

    assert found
    assert sorted(found, key=str) == sorted(
        (
            (UUID(request_id), wallet.id, [list(part) for part in hold.allocations])
            for wallet in history.aggregates(Wallet)
            for request_id, hold in wallet.holds.items()
            if hold.allocations
        ),
        key=str,
    )


def test_the_register_has_every_closed_month(shown: tuple[Months, str]) -> None:
    history, url = shown

    found = rows(
        url,
        "SELECT wallet_id, period, number, zone, opening, closing, open_holds, held, sha256"
        " FROM read.statements ORDER BY number",
    )

    issued = {(f.wallet_id, f.period): f.sha256 for f in history.facts(Issued)}
    assert found == [
        (
            f.originator_id, f.period, f.number, f.zone, f.opening, f.closing, f.open_holds,
            f.held, issued.get((f.originator_id.hex, f.period)),
        )
        for f in history.facts(facts.PeriodClosed)
    ]  # fmt: skip
    assert [row[2] for row in found] == list(range(1, len(found) + 1))


def naive(history: Months) -> dict[tuple[UUID, str, str, str], int]:
    """Fold the facts again, in the plainest way."""
    category: dict[str, str] = {}
    sums: dict[tuple[UUID, str, str, str], int] = Counter()
    for fact in history.ledger.facts:
        if isinstance(fact, facts.Granted):
            category[fact.grant_id] = fact.category
        for where, kind, nanos in moved(fact):
            name = where if where in {"debt", "absorbed"} else category.setdefault(where, PAID)
            sums[fact.originator_id, fact.period, name, kind] += nanos
    return sums


def moved(fact: object) -> Iterator[tuple[str, str, int]]:
    """Tell where, why and by how much what is posted changed."""
    match fact:
        case facts.Granted():
            yield fact.grant_id, "grant", fact.amount
            yield fact.grant_id, "repayment", -fact.repaid
            yield "debt", "repayment", fact.repaid
        case facts.Charged():
            yield from ((lot, "charge", -part) for lot, part in fact.allocations)
            yield "debt", "charge", -fact.overdraft
            yield "absorbed", "charge", -fact.absorbed
        case facts.GrantExpired():
            yield fact.grant_id, "expiry", -fact.amount
        case facts.GrantVoided():
            yield fact.grant_id, "void", -fact.amount
        case facts.Corrected():
            yield from corrected(fact)
        case _:
            pass
    if isinstance(fact, facts.Charged | facts.Released | facts.HoldExpired):
        yield from ((lot, "repayment", -part) for lot, part in fact.repaid)
        yield "debt", "repayment", total(fact.repaid)
        yield from ((lot, "expiry", -part) for lot, part in fact.expired)


def corrected(fact: facts.Corrected) -> Iterator[tuple[str, str, int]]:
    kind = "correction" if fact.corrects == fact.period else "prior_correction"
    sign = 1 if fact.amount > 0 else -1
    yield from ((lot, kind, sign * part) for lot, part in [*fact.allocations, *fact.expired])
    yield "debt", kind, fact.repaid - fact.overdraft
    yield from ((lot, "expiry", -part) for lot, part in fact.expired)


def test_a_zone_still_to_come_that_is_replaced_is_gone_from_the_register_too(
    database_url: str,
) -> None:
    told = Months(seed=1, customers=1)
    told.now = datetime(2026, 11, 30, 20, tzinfo=UTC)
    assert [told.move_to("Pacific/Kiritimati"), told.move_to("America/New_York")] == [
        "2027-01",
        "2026-12",
    ]
    told.store(database_url)
    follow(database_url)

    kept = rows(database_url, "SELECT from_period, zone FROM read.time_zones ORDER BY from_period")

    assert kept == told.wallet.calendar.zones[1:] == [("2026-12", "America/New_York")]
