"""A connection lost at COMMIT: the batch is in the log exactly once, and every caller knows it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from adapters.ledger import group_commit
from adapters.ledger.group_commit import OutcomeUnknownError, PostgresLedger
from domain.errors import BillingUnavailableError, HoldsInFlightError
from domain.ports import Command
from domain.reserve_call import Reservation, ReserveCall
from domain.settle_call import Settlement
from tests.adapters.ledger.database import (
    fields,
    holding_the_lock,
    log_of,
    replayed,
    seen,
    topics_of,
    until_waiting,
)
from tests.adapters.ledger.proxy import Proxy
from tests.adapters.ledger.till import HELD, PRICE, Till, dumped, opened, run

CALLS = 4
BACKENDS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'tollbook' AND datname = current_database()
      AND state <> 'idle'
"""
faults = pytest.mark.parametrize(
    "fault",
    [Proxy.cut_before_commit, Proxy.cut_after_commit],
    ids=["before the server has it", "before the server has answered"],
)


async def all_of(ledger: PostgresLedger, commands: Sequence[Command[Any]]) -> list[Any]:
    return await asyncio.gather(*map(ledger.execute, commands), return_exceptions=True)


def times_in_log(url: str, topic: str) -> Counter[str]:
    """How often each request is in the log."""
    return Counter(fields(row)["request_id"] for row in log_of(url) if row.topic == topic)


@faults
def test_a_batch_of_reserves_with_a_lost_commit_holds_once(
    database_url: str, fault: Callable[[Proxy], None]
) -> None:
    async def story(proxy: Proxy) -> tuple[list[ReserveCall], list[Any], bytes]:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger, funds=CALLS * HELD)
            calls = [till.call() for _ in range(CALLS)]
            fault(proxy)
            outcomes = await all_of(ledger, [*calls, till.call()])
            assert proxy.reached.is_set()
            return calls, outcomes, await ledger.execute(till.wallet)

    with Proxy(database_url) as proxy:
        calls, outcomes, wallet = run(story(proxy))

    assert [type(outcome) for outcome in outcomes] == [Reservation] * CALLS + [HoldsInFlightError]
    assert [outcome.request_id for outcome in outcomes[:-1]] == [c.request_id for c in calls]
    once = dict.fromkeys((call.request_id.hex for call in calls), 1)
    assert times_in_log(database_url, "wallet.reserved.2") == once
    assert times_in_log(database_url, "api_key.reserved.1") == once
    assert topics_of(database_url)["inference_request.reserved.3"] == CALLS
    assert wallet == dumped(replayed(database_url)[calls[0].identity.wallet_id])


@faults
def test_a_batch_of_settlings_with_a_lost_commit_charges_once(
    database_url: str, fault: Callable[[Proxy], None]
) -> None:
    async def story(proxy: Proxy) -> tuple[list[ReserveCall], list[Any]]:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            calls = [till.call() for _ in range(CALLS)]
            await all_of(ledger, calls)
            fault(proxy)
            outcomes = await all_of(ledger, [till.charge(call) for call in calls])
            assert proxy.reached.is_set()
            await ledger.execute(till.charge(calls[0]))
            return calls, outcomes

    with Proxy(database_url) as proxy:
        calls, outcomes = run(story(proxy))

    assert [type(outcome) for outcome in outcomes] == [Settlement] * CALLS
    assert [outcome.amount for outcome in outcomes] == [PRICE] * CALLS
    once = dict.fromkeys((call.request_id.hex for call in calls), 1)
    assert times_in_log(database_url, "wallet.charged.2") == once
    assert topics_of(database_url)["inference_request.charged.3"] == CALLS


@faults
def test_what_another_ledger_writes_meanwhile_does_not_confuse_the_answer(
    database_url: str, fault: Callable[[Proxy], None]
) -> None:
    async def story(proxy: Proxy) -> list[Any]:
        async with opened(proxy.url) as ledger, opened(database_url) as other:
            till = await Till().open(ledger, funds=2 * HELD)
            await other.execute(till.wallet)
            with holding_the_lock(database_url):
                first = asyncio.create_task(ledger.execute(till.call()))
                await until_waiting(database_url)
                second = asyncio.create_task(other.execute(till.call()))
                await until_waiting(database_url, writers=2)
                fault(proxy)
            return await asyncio.gather(first, second)

    with Proxy(database_url) as proxy:
        outcomes = run(story(proxy))

    assert [type(outcome) for outcome in outcomes] == [Reservation] * 2
    expected = {outcome.request_id.hex: 1 for outcome in outcomes}
    assert times_in_log(database_url, "wallet.reserved.2") == expected


def test_a_commit_that_arrives_late_is_waited_for(database_url: str) -> None:
    async def story(proxy: Proxy) -> list[Any]:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            calls = [till.call() for _ in range(CALLS)]
            proxy.delay_commit()
            batch = asyncio.create_task(all_of(ledger, calls))
            await until_waiting(database_url)
            proxy.let_go()
            return await batch

    with Proxy(database_url) as proxy:
        outcomes = run(story(proxy))

    assert [type(outcome) for outcome in outcomes] == [Reservation] * CALLS
    assert topics_of(database_url)["wallet.reserved.2"] == CALLS


@faults
def test_if_nobody_can_tell_the_callers_hear_that_the_outcome_is_unknown(
    database_url: str, fault: Callable[[Proxy], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "RESOLVE_SECONDS", 0.2)

    async def story(proxy: Proxy) -> list[Any]:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            proxy.away_from_then_on()
            fault(proxy)
            outcomes = await all_of(ledger, [till.call(), till.call()])
            proxy.come_back()
            await ledger.execute(till.call())
            return outcomes

    with Proxy(database_url) as proxy:
        outcomes = run(story(proxy), seconds=10)

    landed = fault is Proxy.cut_after_commit
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknownError] * 2
    assert topics_of(database_url)["wallet.reserved.2"] == (3 if landed else 1)


def test_a_backend_that_is_terminated_between_insert_and_commit_loses_nothing(
    database_url: str,
) -> None:
    async def story(proxy: Proxy) -> list[Any]:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            proxy.hold_commit()
            calls = [till.call() for _ in range(CALLS)]
            batch = asyncio.create_task(all_of(ledger, calls))
            await asyncio.to_thread(proxy.reached.wait, 10)
            assert seen(database_url, BACKENDS) == 1
            proxy.let_go()
            return await batch

    with Proxy(database_url) as proxy:
        outcomes = run(story(proxy))

    assert [type(outcome) for outcome in outcomes] == [Reservation] * CALLS
    assert topics_of(database_url)["wallet.reserved.2"] == CALLS


def test_a_backend_that_is_terminated_while_it_waits_for_the_lock_loses_nothing(
    database_url: str,
) -> None:
    async def story() -> list[Any]:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            calls = [till.call() for _ in range(CALLS)]
            with holding_the_lock(database_url):
                batch = asyncio.create_task(all_of(ledger, calls))
                await until_waiting(database_url)
                assert seen(database_url, BACKENDS) == 1
            return await batch

    outcomes = run(story())

    assert [type(outcome) for outcome in outcomes] == [Reservation] * CALLS
    assert topics_of(database_url)["wallet.reserved.2"] == CALLS


def test_idle_connections_that_are_terminated_are_replaced_unnoticed(database_url: str) -> None:
    async def story() -> None:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            await ledger.read(till.wallet)
            assert seen(database_url, BACKENDS.replace("<> 'idle'", "= 'idle'")) == 2

            await ledger.execute(till.call())
            assert b'"reserved":50' in await ledger.read(till.wallet)

    run(story())


def test_a_database_that_lost_its_last_commits_is_believed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failover to a replica that was behind: what we remember of the old one is worthless."""

    async def story() -> bytes:
        async with opened(database_url) as ledger:
            till, other = await Till().open(ledger), await Till().open(ledger)
            await ledger.execute(till.call())
            await ledger.read(till.wallet)
            with psycopg.connect(database_url) as conn:
                conn.execute("ALTER TABLE ledger_events DISABLE TRIGGER append_only")
                conn.execute("DELETE FROM ledger_events WHERE topic LIKE '%.reserved._'")
            seen(database_url, BACKENDS.replace("<> 'idle'", "= 'idle'"))
            assert await ledger.execute(other.wallet) == await ledger.read(other.wallet)

            await ledger.execute(till.call())
            wallet = await ledger.read(till.wallet)
            assert wallet == await ledger.execute(till.wallet)
            assert wallet == dumped(replayed(database_url)[till.who.wallet_id])
            return wallet

    assert b'"reserved":50' in run(story())


def test_a_database_that_is_away_and_comes_back_is_used_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.1)

    async def story(proxy: Proxy) -> None:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            await ledger.read(till.wallet)
            proxy.go_away()
            with pytest.raises(BillingUnavailableError):
                await ledger.execute(till.call())
            with pytest.raises(BillingUnavailableError):
                await ledger.read(till.wallet)

            proxy.come_back()
            await ledger.execute(till.call())
            assert await ledger.read(till.wallet) == await ledger.execute(till.wallet)

    with Proxy(database_url) as proxy:
        run(story(proxy))

    assert topics_of(database_url)["wallet.reserved.2"] == 1
