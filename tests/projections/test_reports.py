"""Operators' reports: each says what the ledger's own aggregates say, and adds up."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from domain import ids, wallet_events as facts
from domain.inference_request import InferenceRequest
from domain.wallet import Wallet
from projections.reports.catalogue import REPORTS
from projections.reports.report import Asked, draw_report
from tests.projections.history import database, follow, rows
from tests.projections.looking import Looking, ask
from tests.projections.months import Months

Line = dict[str, Any]


@pytest.fixture(scope="module", params=[1, 2])
def shown(request: pytest.FixtureRequest, server_url: str) -> Iterator[tuple[Months, str]]:
    with database(server_url) as url:
        told = Months(request.param)
        told.live(1_500)
        told.grant(20_000, category="promotional", expires_at=told.now + timedelta(days=3))
        told.reserve(tokens=500)
        told.store(url)
        follow(url)
        yield told, url


def drawn(history: Months, url: str, name: str, **asked: Any) -> tuple[list[Line], list[Line]]:
    """Draw a report as of the history's end; its table must have the same lines."""

    async def asking(conn: Looking) -> tuple[list[Line], list[Line]]:
        report = REPORTS[name]
        with closing(await draw_report(conn, report, Asked(history.now, **asked))) as found:
            lines = list(found.lines)
            text = b"".join(found.table()).decode().splitlines()
            assert [list(row.values()) for row in csv.DictReader(text)] == [
                ["" if line[c] is None else str(line[c]) for c in report.columns] for line in lines
            ]
            return lines, found.totals()

    return ask(url, asking)


def test_credit_that_expires_is_what_lots_with_an_end_still_have(
    shown: tuple[Months, str],
) -> None:
    history, url = shown

    lines, totals = drawn(history, url, "credit-expiry")

    expected = {
        f"grt_{lot.grant_id}": (nanos(lot.available), nanos(lot.held), lot.category)
        for wallet in history.aggregates(Wallet)
        for lot in wallet.lots.values()
        if lot.expires_at is not None and lot.available + lot.held
    }
    found = {line["grant_id"]: line for line in lines}
    assert expected
    assert {
        key: (Decimal(line["remaining"]), Decimal(line["held"]), line["category"])
        for key, line in found.items()
    } == expected
    assert [line["expires_at"] for line in lines] == sorted(line["expires_at"] for line in lines)
    assert sum(Decimal(row["remaining"]) for row in totals) == sum(e[0] for e in expected.values())


def test_credit_is_sorted_by_when_it_expires(database_url: str) -> None:
    history = Months(customers=1)
    for days in (1, 7, 8, 30, 90, 91):
        history.grant(days, expires_at=history.now + timedelta(days=days))
    history.grant(5)
    history.store(database_url)
    follow(database_url)
    history.tick(seconds=1)

    lines, totals = drawn(history, database_url, "credit-expiry")
    history.tick(days=1)
    later, _ = drawn(history, database_url, "credit-expiry")

    assert [(line["days_left"], line["within"]) for line in lines] == [
        (1, "7 days"), (7, "7 days"), (8, "30 days"), (30, "30 days"), (90, "90 days"),
        (91, "later"),
    ]  # fmt: skip
    assert {row["within"]: row["lines"] for row in totals} == {
        "7 days": 2, "30 days": 2, "90 days": 1, "later": 1,
    }  # fmt: skip
    assert (later[0]["days_left"], later[0]["within"]) == (0, "overdue")


def test_holds_are_those_that_are_open(shown: tuple[Months, str]) -> None:
    history, url = shown

    lines, totals = drawn(history, url, "holds-ageing")

    expected = {
        f"req_{call.id.hex}": nanos(call.hold)
        for call in history.aggregates(InferenceRequest)
        if call.open
    }
    assert expected
    assert {line["request_id"]: Decimal(line["amount"]) for line in lines} == expected
    assert [line["held_at"] for line in lines] == sorted(line["held_at"] for line in lines)
    assert sum(Decimal(row["amount"]) for row in totals) == sum(expected.values())


def test_holds_grow_old(database_url: str) -> None:
    history = Months(customers=1)
    history.reserve()
    history.store(database_url)
    follow(database_url)

    seen = []
    for seconds in (60, 1, 539, 1, 3_000):
        history.tick(seconds=seconds)
        ((line,), _) = drawn(history, database_url, "holds-ageing")
        seen.append((line["age_seconds"], line["age"], line["overdue"]))

    assert seen == [
        (60, "1 minute", "no"), (61, "10 minutes", "no"), (600, "10 minutes", "yes"),
        (601, "1 hour", "yes"), (3_601, "older", "yes"),
    ]  # fmt: skip


def test_the_register_of_corrections_names_original_actor_and_reason(
    shown: tuple[Months, str],
) -> None:
    history, url = shown
    corrected = history.facts(facts.Corrected)
    first = corrected[0]
    with psycopg.connect(url) as conn:
        conn.execute(
            "INSERT INTO erasable_texts (subject_id, kind, salt, body)"
            " VALUES (%s, 'correction_reason', '', 'We were wrong')"
            " ON CONFLICT DO NOTHING",
            (first.correction_id,),
        )

    lines, totals = drawn(history, url, "corrections")

    calls = {call.id.hex: call for call in history.aggregates(InferenceRequest)}
    assert [
        (row["correction_id"], row["month"], row["corrects"], Decimal(row["amount"]), row["actor"])
        for row in lines
    ] == [
        (f"cor_{f.correction_id}", f.period, f.corrects, nanos(f.amount), f.actor)
        for f in corrected
    ]
    for line, fact in zip(lines, corrected, strict=True):
        assert Decimal(line["charged"]) == nanos(calls[fact.request_id].charged)
        assert Decimal(line["total"]) == nanos(calls[fact.request_id].total)
    assert [line["reason"] for line in lines][:2] == ["We were wrong", None]
    assert sum(Decimal(row["amount"]) for row in totals) == nanos(sum(f.amount for f in corrected))


def test_corrections_can_be_of_some_months_and_of_one_customer(shown: tuple[Months, str]) -> None:
    history, url = shown
    everything, _ = drawn(history, url, "corrections")
    month = everything[len(everything) // 2]["month"]
    who = history.everyone[0].customer_id

    of_month, _ = drawn(history, url, "corrections", since=month, until=month)
    of_customer, _ = drawn(history, url, "corrections", customer_id=who)

    assert of_month == [line for line in everything if line["month"] == month]
    ours = ids.public(ids.CUSTOMER, who)
    assert of_customer == [line for line in everything if line["customer_id"] == ours]
    assert 0 < len(of_customer) < len(everything)


def test_deferred_revenue_rolls_forward_to_what_lots_have_left(shown: tuple[Months, str]) -> None:
    history, url = shown
    last = f"{history.now:%Y-%m}"

    lines, _ = drawn(history, url, "deferred-revenue", until=last)

    before: dict[str, Decimal] = {}
    for line in lines:
        moves = sum(Decimal(line[kind]) for kind in REPORTS["deferred-revenue"].columns[5:-1])
        assert Decimal(line["opening"]) + moves == Decimal(line["closing"])
        assert Decimal(line["opening"]) == before.get(line["category"], 0)
        before[line["category"]] = Decimal(line["closing"])
    left = Counter[str]()
    for wallet in history.aggregates(Wallet):
        left["debt"] -= wallet.debt
        for lot in wallet.lots.values():
            left[lot.category] += lot.available + lot.held
    assert before == {category: nanos(amount) for category, amount in left.items()}


def test_deferred_revenue_customer_by_customer_adds_up_to_that_of_all(
    shown: tuple[Months, str],
) -> None:
    history, url = shown
    last = f"{history.now:%Y-%m}"

    _, in_all = drawn(history, url, "deferred-revenue", until=last)
    lines, by_customer = drawn(history, url, "deferred-revenue", until=last, by_customer=True)

    def figures(totals: list[Line]) -> list[Line]:
        return [{k: v for k, v in row.items() if k != "lines"} for row in totals]

    assert figures(by_customer) == figures(in_all)
    assert {line["customer_id"] for line in lines} == {
        ids.public(ids.CUSTOMER, who.customer_id) for who in history.everyone
    }


def test_deferred_revenue_of_some_months_opens_with_those_before(shown: tuple[Months, str]) -> None:
    history, url = shown
    last = f"{history.now:%Y-%m}"
    everything, _ = drawn(history, url, "deferred-revenue", until=last)
    months = sorted({line["month"] for line in everything})

    some, _ = drawn(history, url, "deferred-revenue", since=months[2], until=months[-2])

    assert some == [line for line in everything if months[2] <= line["month"] <= months[-2]]
    assert some


def test_a_quiet_month_carries_its_balance(database_url: str) -> None:
    history = Months(customers=1)
    history.tick(days=70)
    history.store(database_url)
    follow(database_url)

    lines, _ = drawn(history, database_url, "deferred-revenue", until="2027-01")

    assert [(line["month"], line["opening"], line["closing"]) for line in lines] == [
        ("2026-11", "0.00", "0.0001"),
        ("2026-12", "0.0001", "0.0001"),
        ("2027-01", "0.0001", "0.0001"),
    ]


def test_the_trial_balance_is_zero_and_comes_to_what_is_posted(shown: tuple[Months, str]) -> None:
    history, url = shown

    lines, totals = drawn(history, url, "trial-balance", until="9999-12")

    accounts = {line["account"]: Decimal(line["balance"]) for line in lines}
    assert [(row["debit"] == row["credit"], row["balance"]) for row in totals] == [(True, "0.00")]
    ((posted, debt),) = rows(
        url, "SELECT sum(posted)::bigint, sum(debt)::bigint FROM read.balances"
    )
    owed = accounts["Liabilities:Wallet:Paid"] + accounts["Liabilities:Wallet:Promotional"]
    assert -owed - accounts["Assets:Receivable:Overdraft"] == nanos(posted)
    assert accounts["Assets:Receivable:Overdraft"] == nanos(debt)
    charged = sum(f.amount for f in history.facts(facts.Charged))
    back = sum(f.amount for f in history.facts(facts.Corrected))
    assert accounts["Income:Usage"] == nanos(back - charged)


def nanos(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-9)
