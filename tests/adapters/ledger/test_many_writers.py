"""Several processes on one wallet: the lock, catching up under it, and no conflict."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from adapters.ledger.group_commit import PostgresLedger
from domain import manage
from domain.errors import ApiKeyDisabledError, HoldsInFlightError
from domain.reserve_call import Reservation
from domain.wallet import Wallet
from tests.adapters.ledger.database import (
    by_default,
    fields,
    holding_the_lock,
    log_of,
    replayed,
    seen,
    topics_of,
    until,
    until_waiting,
)
from tests.adapters.ledger.till import HELD, PRICE, Till, opened, run

ROOT = Path(__file__).resolve().parents[3]


async def gathered(ledger: PostgresLedger, till: Till, calls: int) -> list[object]:
    return await asyncio.gather(
        *(ledger.execute(till.call()) for _ in range(calls)), return_exceptions=True
    )


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_two_ledgers_that_want_the_last_credit_never_overspend(
    database_url: str, caplog: pytest.LogCaptureFixture, isolation: str
) -> None:
    affordable = 15
    by_default(database_url, "default_transaction_isolation", isolation)

    async def story() -> list[object]:
        async with opened(database_url) as one, opened(database_url) as other:
            till = await Till().open(one, funds=affordable * HELD)
            await other.execute(till.wallet)
            with holding_the_lock(database_url):
                both = [asyncio.create_task(gathered(ledger, till, 10)) for ledger in (one, other)]
                await until_waiting(database_url, writers=2)
            outcomes = await asyncio.gather(*both)
        return [outcome for batch in outcomes for outcome in batch]

    outcomes = run(story())

    assert Counter(map(type, outcomes)) == {Reservation: affordable, HoldsInFlightError: 5}
    assert topics_of(database_url)["wallet.reserved.2"] == affordable
    assert caplog.messages == []


def test_a_ledger_that_waited_for_the_lock_decides_on_what_the_other_wrote(
    database_url: str,
) -> None:
    async def story() -> None:
        async with opened(database_url) as one, opened(database_url) as other:
            till = await Till().open(one)
            await other.execute(till.call())
            with holding_the_lock(database_url):
                disabled = asyncio.create_task(
                    one.execute(manage.disable_key(till.who.key_id, actor="operator"))
                )
                await until_waiting(database_url)
                late = asyncio.create_task(other.execute(till.call()))
                await until_waiting(database_url, writers=2)
            await disabled

            with pytest.raises(ApiKeyDisabledError):
                await late

    run(story())

    assert topics_of(database_url)["wallet.reserved.2"] == 1


def test_a_disabled_key_is_seen_by_every_ledgers_next_reserve(database_url: str) -> None:
    async def story() -> None:
        async with opened(database_url) as one, opened(database_url) as other:
            till = await Till().open(one)
            await other.execute(till.call())

            await one.execute(manage.disable_key(till.who.key_id, actor="operator"))

            with pytest.raises(ApiKeyDisabledError):
                await other.execute(till.call())

    run(story())


def test_a_call_reserved_by_one_ledger_is_settled_by_another(database_url: str) -> None:
    async def story() -> None:
        async with opened(database_url) as one, opened(database_url) as other:
            till = await Till().open(one)
            for _ in range(3):
                call = till.call()
                await one.execute(call)
                assert (await other.execute(till.charge(call))).amount == PRICE
                assert await one.execute(till.wallet) == await other.execute(till.wallet)
                assert await one.read(till.wallet) == await other.read(till.wallet)

    run(story())


def test_two_ledgers_settle_one_call_once(database_url: str) -> None:
    async def story() -> list[int]:
        async with opened(database_url) as one, opened(database_url) as other:
            till = await Till().open(one)
            call = till.call()
            await one.execute(call)
            await other.execute(till.wallet)
            with holding_the_lock(database_url):
                both = [asyncio.create_task(x.execute(till.charge(call))) for x in (one, other)]
                await until_waiting(database_url, writers=2)
            return [settlement.amount for settlement in await asyncio.gather(*both)]

    assert run(story()) == [PRICE, PRICE]
    assert topics_of(database_url)["wallet.charged.2"] == 1


def test_four_processes_on_one_hot_wallet_never_conflict_and_never_overspend(
    database_url: str,
) -> None:
    affordable, each = 90, 40

    async def story() -> list[str]:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger, funds=affordable * HELD)
        with ExitStack() as stack:
            workers = [
                stack.enter_context(working(database_url, till, calls=each)) for _ in range(4)
            ]
            for worker in workers:
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
            with holding_the_lock(database_url):
                for worker in workers:
                    assert worker.stdin is not None
                    worker.stdin.write("go\n")
                    worker.stdin.flush()
                await until_waiting(database_url, writers=4)
            said = [worker.communicate(timeout=30) for worker in workers]
        assert [errors for _, errors in said] == [""] * 4
        return [line for out, _ in said for line in out.split()]

    outcomes = run(story(), seconds=60)

    assert Counter(outcomes) == {"Reservation": affordable, "HoldsInFlightError": 70}
    (wallet,) = (x for x in replayed(database_url).values() if isinstance(x, Wallet))
    assert (wallet.available, wallet.reserved) == (0, affordable * HELD)
    holds = [fields(row) for row in log_of(database_url) if row.topic == "wallet.reserved.2"]
    assert len({hold["request_id"] for hold in holds}) == affordable


@contextmanager
def working(url: str, till: Till, calls: int) -> "Iterator[subprocess.Popen[str]]":
    who = till.who
    named = (who.credential_id, who.key_id, who.wallet_id, who.customer_id)
    command = [sys.executable, "-m", "tests.adapters.ledger.worker"]
    with subprocess.Popen(
        [*command, url, ",".join(map(str, named)), str(calls)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def test_a_killed_clients_queued_pipeline_does_not_commit_after_its_death(
    database_url: str,
) -> None:
    backends = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tollbook'"
    script = """
import os, signal, sys
from adapters.ledger.connection import connect
conn = connect(sys.argv[1])
with conn.pipeline() as pipeline:
    for query in sys.argv[2:]:
        conn.execute(query)
    conn.pgconn.pipeline_sync()
    while conn.pgconn.flush():
        pass
    os.kill(os.getpid(), signal.SIGKILL)
"""
    lock = "SELECT pg_advisory_xact_lock(1953459308, 0)"
    insert = (
        "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
        " VALUES (gen_random_uuid(), 1, 'x', 'x')"
    )

    by_default(database_url, "client_connection_check_interval", "0")

    async def story() -> None:
        with holding_the_lock(database_url):
            command = [sys.executable, "-c", script, database_url, "BEGIN", lock, insert, "COMMIT"]
            died = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=False)
            assert died.returncode == -9
            await until(lambda: seen(database_url, backends) == 0)
        await until(lambda: seen(database_url, backends) == 0)

    run(story())

    assert log_of(database_url) == []
