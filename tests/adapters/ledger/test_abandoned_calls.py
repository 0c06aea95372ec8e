"""A caller who leaves: its hold does not stay open, and its settling is not lost."""

import asyncio
from pathlib import Path

import pytest

from adapters.ledger import settling as settling_module
from adapters.ledger.group_commit import OutcomeUnknownError
from adapters.ledger.settling import SettlingLedger
from adapters.ledger.spool import Spool
from domain.errors import InsufficientBalanceError
from domain.wallet import Wallet
from tests.adapters.ledger.database import (
    fields,
    holding_the_lock,
    log_of,
    replayed,
    topics_of,
    until_waiting,
)
from tests.adapters.ledger.test_settling import ScriptedLedger, cancelled, reasons, waiting
from tests.adapters.ledger.till import PRICE, Till, opened, run


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling_module, "RETRY_SECONDS", 0.001)


def test_a_reserve_whose_caller_left_while_it_was_committed_is_released(
    database_url: str, spool: Spool
) -> None:
    async def story() -> Till:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            settling = SettlingLedger(ledger, spool)
            with holding_the_lock(database_url):
                call = asyncio.create_task(settling.reserve(till.call()))
                await until_waiting(database_url)
                await cancelled(call)
            await settling.close()
            return till

    till = run(story())

    (released,) = (row for row in log_of(database_url) if row.topic == "wallet.released.2")
    assert fields(released)["reason"] == "caller_gone"
    wallet = replayed(database_url)[till.who.wallet_id]
    assert isinstance(wallet, Wallet)
    assert (wallet.available, wallet.reserved) == (1_000_000, 0)
    assert topics_of(database_url)["api_key.released.1"] == 1
    assert topics_of(database_url)["inference_request.released.1"] == 1
    assert not spool


def test_a_settling_whose_caller_left_is_still_made(database_url: str, spool: Spool) -> None:
    async def story() -> Till:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            settling, call = SettlingLedger(ledger, spool), till.call()
            await settling.reserve(call)
            with holding_the_lock(database_url):
                settled = asyncio.create_task(settling.settle(till.charge(call)))
                await until_waiting(database_url)
                await cancelled(settled)
            await settling.close()
            return till

    till = run(story())

    wallet = replayed(database_url)[till.who.wallet_id]
    assert isinstance(wallet, Wallet)
    assert (wallet.available, wallet.reserved) == (1_000_000 - PRICE, 0)


def test_a_settling_whose_caller_left_goes_on_to_the_spool(spool: Spool) -> None:
    till = Till()
    charge = till.charge(till.call())

    async def story() -> None:
        hanging = asyncio.get_running_loop().create_future()
        settling = SettlingLedger(ScriptedLedger(lambda c: hanging), spool, patience_seconds=0)
        settled = asyncio.create_task(settling.settle(charge))
        await asyncio.sleep(0)
        await cancelled(settled)
        hanging.set_result(OutcomeUnknownError())
        await settling.close()

    run(story(), seconds=10)
    assert waiting(spool) == [charge]


def test_a_reserve_of_unknown_outcome_is_released_though_its_caller_left(spool: Spool) -> None:
    till = Till()
    call = till.call()

    async def story() -> list[object]:
        hanging = asyncio.get_running_loop().create_future()
        ledger = ScriptedLedger(lambda c: hanging)
        settling = SettlingLedger(ledger, spool)
        reserving = asyncio.create_task(settling.reserve(call))
        await asyncio.sleep(0)
        await cancelled(reserving)
        hanging.set_result(OutcomeUnknownError())
        await settling.close()
        ledger.script = lambda command: "done"
        await settling.reserve(till.call())
        return [settled.request_id for settled in ledger.settled]

    assert run(story(), seconds=10) == [call.request_id]
    assert not spool


def test_a_refused_reserve_whose_caller_left_has_nothing_to_release(spool: Spool) -> None:
    till = Till()
    shortage = InsufficientBalanceError(required=1, available=0, reserved=0, currency="USD")

    async def story() -> ScriptedLedger:
        hanging = asyncio.get_running_loop().create_future()
        ledger = ScriptedLedger(lambda c: hanging)
        settling = SettlingLedger(ledger, spool)
        reserving = asyncio.create_task(settling.reserve(till.call()))
        await asyncio.sleep(0)
        await cancelled(reserving)
        hanging.set_result(shortage)
        await settling.close()
        return ledger

    assert run(story(), seconds=10).settled == []
    assert not spool


def test_a_reserve_that_was_made_in_the_moment_its_caller_left_is_released(spool: Spool) -> None:
    till = Till()
    call = till.call()

    async def story() -> ScriptedLedger:
        made = asyncio.get_running_loop().create_future()
        ledger = ScriptedLedger(lambda c: made)
        settling = SettlingLedger(ledger, spool)
        reserving = asyncio.create_task(settling.reserve(call))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        made.set_result("held")
        await cancelled(reserving)
        await settling.close()
        return ledger

    assert reasons(run(story(), seconds=10).settled) == [(call.request_id, "caller_gone")]


def test_a_caller_who_leaves_while_the_spool_is_settled_loses_nothing_of_it(spool: Spool) -> None:
    till = Till()
    left, call = till.charge(till.call()), till.call()
    spool.write(left)

    async def story() -> ScriptedLedger:
        hanging = asyncio.get_running_loop().create_future()
        ledger = ScriptedLedger(lambda c: hanging)
        settling = SettlingLedger(ledger, spool)
        reserving = asyncio.create_task(settling.reserve(till.call()))
        await asyncio.sleep(0)
        await cancelled(reserving)
        ledger.script = lambda command: "done"
        await settling.reserve(call)
        return ledger

    ledger = run(story(), seconds=10)
    assert ledger.asked == [left, left, call]
    assert not spool


def test_closing_waits_for_every_settling(database_url: str, spool: Spool) -> None:
    async def story() -> None:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            settling, calls = SettlingLedger(ledger, spool), [till.call() for _ in range(5)]
            await asyncio.gather(*map(settling.reserve, calls))
            with holding_the_lock(database_url):
                left = [asyncio.create_task(settling.settle(till.charge(c))) for c in calls]
                await until_waiting(database_url)
                await asyncio.gather(*map(cancelled, left))
            await settling.close()
            assert topics_of(database_url)["wallet.charged.2"] == 5

    run(story())
