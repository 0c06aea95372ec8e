"""Payments and alert lines as read models, after whatever has happened."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest

from adapters.ledger.connection import GATEWAY_ROLE, open_pool
from domain import payment_events as facts, wallet_events as wallet
from domain.alerts import check_quota_alerts
from domain.api_key_events import QuotaAlertRaised
from domain.manage import disable_key
from domain.payment import Payment
from domain.quota import DAY, MONTH, NONE, Quota
from domain.reserve_call import Identity
from domain.wallet import Wallet
from projections.alerts import Alerts, crossed, suspect_keys
from projections.errors import LogError
from projections.events import Event
from projections.payments import Payments
from projections.projection import Projection
from projections.rebuild import rebuild
from projections.shelf import LIVE
from projections.verify import verify
from tests.projections.history import database, everything, follow, installed, owner, rows
from tests.projections.paid import PaidHistory

T = TypeVar("T")
OURS = (Payments(), Alerts())


@pytest.fixture(scope="module", params=[1, 2, 3])
def shown(request: pytest.FixtureRequest, server_url: str) -> Iterator[tuple[PaidHistory, str]]:
    with database(server_url) as url:
        told = PaidHistory(request.param)
        told.join(quota=Quota(20_000, DAY))
        told.join(quota=Quota(40_000))
        told.live_and_pay(400)
        told.store(url)
        follow(url, window=97)
        yield told, url


def test_payments_agree_with_the_aggregates(shown: tuple[PaidHistory, str]) -> None:
    history, url = shown

    found = rows(
        url,
        "SELECT payment_id, reference, status, amount, currency, problem, customer_id, refunded,"
        " voided, shortfall, questions, needs_attention FROM read.payments ORDER BY 1",
    )

    assert found == sorted(as_row(history, one) for one in history.aggregates(Payment))
    assert {row[2] for row in found} >= {"unapplied", "applied"}
    assert any(row[7] for row in found)


def as_row(history: PaidHistory, payment: Payment) -> tuple[Any, ...]:
    status = "applied" if payment.applied else "unapplied" if payment.received else "announced"
    told = [f.amount for f in history.facts(facts.Refunded) if f.originator_id == payment.id]
    return (
        payment.id,
        payment.reference,
        status,
        payment.amount if payment.received else None,
        payment.currency if payment.received else None,
        payment.problem,
        UUID(payment.customer_id) if payment.applied else None,
        sum(told),
        payment.voided,
        payment.shortfall,
        payment.questions,
        status == "unapplied" or payment.shortfall > 0 or bool(payment.questions),
    )


def test_alert_lines_agree_with_the_wallets(shown: tuple[PaidHistory, str]) -> None:
    history, url = shown

    found = rows(
        url, "SELECT wallet_id, kind, line, recharge_amount, crossed FROM read.alert_lines"
    )

    assert sorted(found) == sorted(
        line for wallet in history.aggregates(Wallet) for line in lines_of(wallet)
    )


def lines_of(wallet: Wallet) -> Iterator[tuple[Any, ...]]:
    for line in wallet.alert_thresholds:
        yield wallet.id, "alert", line, None, line in wallet.alerts_raised
    for percent in wallet.quota_percents:
        yield wallet.id, "quota", percent, None, False
    if wallet.recharge_below is not None:
        amount, requested = wallet.recharge_amount, wallet.recharge_requested
        yield wallet.id, "recharge", wallet.recharge_below, amount, requested


def test_quota_alerts_are_the_last_of_each_key_and_percent(
    shown: tuple[PaidHistory, str],
) -> None:
    history, url = shown
    last = {
        (fact.originator_id, fact.percent): fact.window for fact in history.facts(QuotaAlertRaised)
    }

    found = rows(url, "SELECT key_id, percent, quota_window FROM read.quota_alerts")

    assert {(key_id, percent): window for key_id, percent, window in found} == last
    assert last


def test_a_rebuild_gives_the_same_rows_and_the_books_are_sound(
    shown: tuple[PaidHistory, str],
) -> None:
    _, url = shown
    before = everything(url, OURS)

    compared = rebuild(lambda: owner(url), GATEWAY_ROLE)

    assert all(found.different == 0 for found in compared)
    assert everything(url, OURS) == before
    assert verify(partial(owner, url)).violations == []


def test_suspects_are_the_wallets_beyond_a_line_they_were_not_told_of(
    database_url: str,
) -> None:
    history = PaidHistory(4)
    over, under, equal, told, unwatched = (history.join() for _ in range(5))
    funds = {over: 51, under: 10, equal: 50, told: 10, unwatched: 10}
    for who, credit in funds.items():
        history.who = who
        history.grant(credit)
        if who is not unwatched:
            history.watch(thresholds=[50])
    history.who = told
    history.look()
    history.store(database_url)
    follow(database_url)

    found = asyncio.run(_read(database_url, crossed))

    assert sorted(found) == sorted([under.wallet_id, equal.wallet_id])


def test_suspect_keys_have_spent_a_percent_that_was_not_told_in_this_window(
    database_url: str,
) -> None:
    history = PaidHistory(5)
    history.now = datetime.now(UTC)
    names = ("all", "day", "month", "less", "told", "unwatched", "disabled", "free")
    windows = {"day": DAY, "month": MONTH}
    keys: dict[str, Identity] = {}
    for name in names:
        quota = None if name == "free" else Quota(100, windows.get(name, NONE))
        keys[name] = history.join(quota=quota)
        history.grant(1_000)
        if name != "unwatched":
            history.watch(quota_percents=[50])
        history.spend(48 if name == "less" else 50)
    told = keys["told"]
    history.do(check_quota_alerts(told.wallet_id, told.key_id))
    history.do(disable_key(keys["disabled"].key_id, actor="operator"))
    history.store(database_url)
    follow(database_url)

    found = asyncio.run(_read(database_url, suspect_keys))

    suspects = [keys[name] for name in ("all", "day", "month")]
    assert sorted(found) == sorted((who.wallet_id, who.key_id) for who in suspects)


async def _read(url: str, query: Callable[[Any], Awaitable[T]]) -> T:
    pool = await open_pool(url, 1)
    try:
        async with pool.connection() as conn:
            return await query(conn)
    finally:
        await pool.close()


TIME = "2026-11-20T12:00:00+00:00"
IMPOSSIBLE: list[tuple[Projection, str, dict[str, Any]]] = [
    (Payments(), facts.Received.TOPIC, {"amount": 1, "currency": "USD", "problem": None}),
    (Alerts(), wallet.AlertRaised.TOPIC, {"threshold": 1, "available": 0}),
]


@pytest.mark.parametrize(
    ("projection", "topic", "fields"), IMPOSSIBLE, ids=["payment", "alert line"]
)
def test_what_goes_on_without_a_beginning_is_refused(
    database_url: str, projection: Projection, topic: str, fields: dict[str, Any]
) -> None:
    event = Event(7, topic, "0" * 32, {"timestamp": TIME, **fields})

    with installed(database_url) as conn, pytest.raises(LogError, match="never"):
        projection.project(conn, LIVE, [event])
