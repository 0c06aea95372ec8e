"""The journal: balanced after every event, and at every moment what the wallets themselves say."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings, strategies as st

from domain import manage, wallet_events
from domain.wallet import Wallet
from projections.errors import LogError
from projections.exports.journal import accounts
from projections.exports.journal.entries import Balance, Entry
from projections.exports.journal.journal import HOLDS, TOPICS, Journal
from projections.transactions import ENTRIES
from tests.projections.exports.told import entries_of, events_of, requests_of
from tests.projections.months import Months

Sums = Counter[str]


def posted(sums: Sums, wallet_id: str) -> int:
    """What a wallet's accounts come to together."""
    names = [accounts.credit(wallet_id, promotional=p) for p in (False, True)]
    return -sum(sums[name] for name in [*names, accounts.overdraft(wallet_id)])


def summed(entries: list[Entry | Balance]) -> Sums:
    sums: Sums = Counter()
    for entry in entries:
        if isinstance(entry, Entry):
            sums.update(dict(entry.postings))
    return sums


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9))
def test_every_prefix_is_balanced_and_is_what_the_wallets_say(seed: int) -> None:
    history = Months(seed)
    history.live(120)
    events = events_of(history.ledger.facts)
    requests, journal = requests_of(events), Journal(holds=True)
    sums: Sums = Counter()
    expected: Counter[str] = Counter()

    for event in events:
        if event.topic in TOPICS | HOLDS:
            booked = list(journal.take([event], requests))
            sums.update(summed(booked))
        for entry in ENTRIES[event.topic](event.fields) if event.topic in ENTRIES else []:
            expected[event.originator_id] += entry.posted

        assert sum(sums.values()) == 0
        assert {w: posted(sums, w) for w in expected} == expected

    for wallet in history.aggregates(Wallet):
        assert posted(sums, wallet.id.hex) == wallet.available + wallet.reserved


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9))
def test_holds_off_the_books_make_posted_into_available(seed: int) -> None:
    history = Months(seed)
    history.live(120)

    held: Counter[str] = Counter()
    for entry in entries_of(history.ledger.facts):
        if isinstance(entry, Entry) and entry.wallet_id:
            held[entry.wallet_id] += entry.held

    assert +held == +Counter({w.id.hex: w.reserved for w in history.aggregates(Wallet)})


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9))
def test_every_day_lies_in_its_month_and_months_come_to_their_balances(seed: int) -> None:
    history = Months(seed)
    history.live(150)
    items = entries_of(history.ledger.facts)
    booked = [item for item in items if isinstance(item, Entry)]

    for entry in booked:
        assert f"{entry.day:%Y-%m}" == entry.period
    for item in items:
        if isinstance(item, Balance):
            before = [entry for entry in booked if entry.day <= item.day]
            assert summed(before)[item.account] == item.nanos, item


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9))
def test_a_month_is_its_part_of_the_journal_and_begins_with_what_was_before(seed: int) -> None:
    history = Months(seed)
    history.live(150)
    facts = history.ledger.facts
    whole = entries_of(facts)
    months = sorted({entry.period for entry in whole})

    for month in months:
        part = entries_of(facts, month)

        booked = [entry for entry in part if isinstance(entry, Entry) and not entry.opens]
        assert booked == [e for e in whole if isinstance(e, Entry) and e.period == month]
        assert [e for e in part if isinstance(e, Balance)] == [
            e for e in whole if isinstance(e, Balance) and e.period == month
        ]
        opened = summed([entry for entry in part if isinstance(entry, Entry) and entry.opens])
        before = summed([e for e in whole if isinstance(e, Entry) and e.period < month])
        for wallet in history.aggregates(Wallet):
            wallet_id = wallet.id.hex
            own = [accounts.credit(wallet_id, promotional=p) for p in (False, True)]
            for name in [*own, accounts.overdraft(wallet_id)]:
                assert opened[name] == before[name]
            assert held(part, wallet_id, month) == held(whole, wallet_id, month)
        assert sum(opened.values()) == 0


def held(entries: list[Entry | Balance], wallet_id: str, month: str) -> int:
    """What is held at the end of a month."""
    booked = [entry for entry in entries if isinstance(entry, Entry) and entry.period <= month]
    return sum(entry.held for entry in booked if entry.wallet_id == wallet_id)


def told(shop: Months) -> list[tuple[str, dict[str, int]]]:
    """What the journal says of the customer's wallet, with its accounts by their last word."""
    return [
        (entry.what, {name.removeprefix(own(shop)): n for name, n in entry.postings})
        for entry in entries_of(shop.ledger.facts)
        if isinstance(entry, Entry) and entry.wallet_id == shop.who.wallet_id.hex
        if entry.postings
    ]


def own(shop: Months) -> str:
    return accounts.wallet(shop.who.wallet_id.hex) + ":"


@pytest.fixture
def shop() -> Months:
    """A shop whose one customer has no credit."""
    shop = Months()
    shop.join()
    return shop


def test_credit_that_was_paid_for_is_owed_until_it_is_used(shop: Months) -> None:
    shop.grant(500)
    held = shop.reserve(tokens=100, cap=100)
    shop.charge(held, {"input": 100, "output": 100})

    assert told(shop) == [
        ("grant", {"Paid": -500, "Assets:Cash:Operator": 500}),
        ("charge", {"Paid": 300, "Income:Usage:M": -300}),
    ]


def test_credit_that_was_given_is_an_expense_from_the_beginning(shop: Months) -> None:
    shop.grant(500, category="promotional", expires_at=shop.now.replace(hour=23))
    held = shop.reserve(tokens=100, cap=100)
    shop.charge(held, {"input": 100, "output": 100})
    shop.tick(days=1)
    shop.sweep()

    assert told(shop) == [
        ("grant", {"Promotional": -500, "Expenses:PromoCredit": 500}),
        ("charge", {"Promotional": 300, "Income:Usage:M": -300}),
        ("grant expired", {"Promotional": 200, "Expenses:PromoCredit": -200}),
    ]


def test_paid_credit_that_expires_is_breakage(shop: Months) -> None:
    shop.grant(500, expires_at=shop.now.replace(hour=23))
    shop.tick(days=1)
    shop.sweep()

    assert told(shop)[1:] == [("grant expired", {"Paid": 500, "Income:Breakage": -500})]


def test_an_overdraft_is_receivable_and_the_next_grant_repays_it(shop: Months) -> None:
    shop.terms(limit=1_000)
    held = shop.reserve(tokens=100, cap=100)
    shop.charge(held, {"input": 100, "output": 100})
    shop.grant(500)

    owed = accounts.overdraft(shop.who.wallet_id.hex)
    assert told(shop) == [
        ("charge", {owed: 300, "Income:Usage:M": -300}),
        ("grant", {"Paid": -200, "Assets:Cash:Operator": 500, owed: -300}),
    ]


def test_a_correction_takes_revenue_back_and_another_one_books_more(shop: Months) -> None:
    shop.grant(500)
    held = shop.reserve(tokens=100, cap=100)
    shop.charge(held, {"input": 100, "output": 100})
    shop.correct(held, 120)
    shop.correct(held, -50)

    assert told(shop)[2:] == [
        ("correction", {"Paid": -120, "Income:Usage:M": 120}),
        ("correction", {"Paid": 50, "Income:Usage:M": -50}),
    ]


def test_a_voided_grant_is_booked_back(shop: Months) -> None:
    grant_id = shop.grant(500)
    shop.do(manage.void_grant(shop.who.wallet_id, grant_id, reason="wrong", actor="operator"))

    assert told(shop)[1:] == [("grant voided", {"Paid": 500, "Assets:Cash:Operator": -500})]


def test_what_the_operator_bears_is_no_revenue(shop: Months) -> None:
    shop.grant(50)
    held = shop.reserve()
    shop.charge(held, {"input": 10, "output": 20, "cached_input": 70})

    (charge,) = told(shop)[1:]
    assert charge == ("charge", {"Paid": 50, "Income:Usage:M": -50})


def test_a_late_charge_is_booked_on_the_edge_of_its_month(shop: Months) -> None:
    shop.grant(5_000)
    shop.now = shop.now.replace(day=30, hour=23, minute=59)
    held = shop.reserve(tokens=100, cap=100)
    shop.tick(minutes=5)
    shop.charge(held, {"input": 100, "output": 100})

    booked = [e for e in entries_of(shop.ledger.facts) if isinstance(e, Entry)][-1]

    assert (booked.what, booked.day, booked.period) == ("charge", date(2026, 11, 30), "2026-11")


def test_a_day_is_that_of_the_wallets_clocks(shop: Months) -> None:
    shop.move_to("Asia/Tokyo")
    shop.now = shop.now.replace(month=12, day=15, hour=20)
    shop.grant(500)

    booked = [e for e in entries_of(shop.ledger.facts) if isinstance(e, Entry)][-1]

    assert (booked.what, booked.day, booked.period) == ("grant", date(2026, 12, 16), "2026-12")


def test_a_month_that_was_closed_at_another_figure_is_refused(shop: Months) -> None:
    shop.grant(500)
    shop.tick(days=20)
    shop.close()
    events = [event for event in events_of(shop.ledger.facts) if event.topic in TOPICS]
    (closed,) = [e for e in events if e.topic == wallet_events.PeriodClosed.TOPIC]
    closed.fields["closing"] += 1

    with pytest.raises(LogError, match="was closed at 501 but comes to 500"):
        list(Journal().take(events, {}))
