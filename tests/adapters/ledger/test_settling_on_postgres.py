"""Settling when the database itself is away, and after it has come back."""

import asyncio
from pathlib import Path

import pytest

from adapters.ledger import group_commit
from adapters.ledger.group_commit import OutcomeUnknownError
from adapters.ledger.settling import SettlingLedger
from adapters.ledger.spool import Spool
from domain.errors import BillingUnavailableError
from domain.wallet import Wallet
from tests.adapters.ledger.database import log_of, replayed, topics_of
from tests.adapters.ledger.proxy import Proxy
from tests.adapters.ledger.till import PRICE, Till, opened, run


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(group_commit, "RESOLVE_SECONDS", 0.2)


def test_a_settling_outlives_the_databases_absence(database_url: str, spool: Spool) -> None:
    async def story(proxy: Proxy) -> None:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            settling, call = SettlingLedger(ledger, spool, patience_seconds=0.2), till.call()
            await settling.reserve(call)
            proxy.go_away()
            assert await settling.settle(till.charge(call)) is None
            with pytest.raises(BillingUnavailableError):
                await settling.reserve(till.call())
            assert spool

            proxy.come_back()
            await settling.reserve(till.call())

    with Proxy(database_url) as proxy:
        run(story(proxy))

    assert not spool
    of_wallet = [row.topic for row in log_of(database_url) if row.topic.startswith("wallet.")]
    assert of_wallet[2:] == ["wallet.reserved.2", "wallet.charged.2", "wallet.reserved.2"]


def test_what_a_dead_process_spooled_is_settled_by_the_next(
    database_url: str, spool: Spool, tmp_path: Path
) -> None:
    async def first_life(proxy: Proxy) -> Till:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            settling, call = SettlingLedger(ledger, spool, patience_seconds=0), till.call()
            await settling.reserve(call)
            proxy.go_away()
            await settling.settle(till.charge(call))
            return till

    async def second_life(till: Till) -> None:
        async with opened(database_url) as ledger:
            await SettlingLedger(ledger, Spool(tmp_path)).replay()

    with Proxy(database_url) as proxy:
        till = run(first_life(proxy))
    run(second_life(till))

    wallet = replayed(database_url)[till.who.wallet_id]
    assert isinstance(wallet, Wallet)
    assert (wallet.available, wallet.reserved) == (1_000_000 - PRICE, 0)
    assert not spool


def test_a_spooled_settling_of_a_settled_call_changes_nothing(
    database_url: str, spool: Spool
) -> None:
    async def story() -> int:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            settling, charged, released = SettlingLedger(ledger, spool), till.call(), till.call()
            await asyncio.gather(settling.reserve(charged), settling.reserve(released))
            await settling.settle(till.charge(charged))
            await settling.settle(till.release(released))
            before = len(log_of(database_url))
            spool.write(till.release(charged))
            spool.write(till.charge(released))

            await settling.replay()
            return before

    before = run(story())

    assert len(log_of(database_url)) == before
    assert not spool


def test_two_workers_that_settle_one_spool_settle_it_once(
    database_url: str, spool: Spool, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(database_url) as one, opened(database_url) as other:
            till = await Till().open(one)
            calls = [till.call() for _ in range(10)]
            await asyncio.gather(*map(one.execute, calls))
            for call in calls:
                spool.write(till.charge(call))

            await asyncio.gather(
                SettlingLedger(one, spool).replay(), SettlingLedger(other, Spool(tmp_path)).replay()
            )

    run(story())

    assert topics_of(database_url)["wallet.charged.2"] == 10
    assert not spool


def test_a_hold_whose_commit_was_lost_for_good_is_released_by_the_next_reserve(
    database_url: str, spool: Spool
) -> None:
    async def story(proxy: Proxy) -> None:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            settling = SettlingLedger(ledger, spool)
            await settling.replay()
            proxy.away_from_then_on()
            proxy.cut_after_commit()
            with pytest.raises(OutcomeUnknownError):
                await settling.reserve(till.call())
            assert topics_of(database_url)["wallet.reserved.2"] == 1
            proxy.come_back()

            await settling.reserve(till.call())

    with Proxy(database_url) as proxy:
        run(story(proxy))

    of_wallet = [row.topic for row in log_of(database_url) if row.topic.startswith("wallet.")]
    assert of_wallet[2:] == ["wallet.reserved.2", "wallet.released.2", "wallet.reserved.2"]
    assert not spool


def test_a_hold_that_never_landed_needs_no_release(database_url: str, spool: Spool) -> None:
    async def story(proxy: Proxy) -> None:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            settling = SettlingLedger(ledger, spool)
            await settling.replay()
            proxy.away_from_then_on()
            proxy.cut_before_commit()
            with pytest.raises(OutcomeUnknownError):
                await settling.reserve(till.call())
            proxy.come_back()

            await settling.reserve(till.call())

    with Proxy(database_url) as proxy:
        run(story(proxy))

    of_wallet = [row.topic for row in log_of(database_url) if row.topic.startswith("wallet.")]
    assert of_wallet[2:] == ["wallet.reserved.2"]
    assert not spool
