"""A server of our own, which may be killed: what was committed stays, and the ledger goes on."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.ledger.embedded import EmbeddedServer
from adapters.ledger.schema import check, migrate
from adapters.ledger.settling import SettlingLedger
from adapters.ledger.spool import Spool
from domain.wallet import Wallet
from tests.adapters.ledger.database import LOCK, replayed, seen, topics_of, until
from tests.adapters.ledger.till import PRICE, Till, opened, run

BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path_factory.mktemp("mortal")) as server:
        yield server


def kill(server: EmbeddedServer) -> None:
    """An immediate shutdown: nobody is told anything, and recovery follows."""
    postmaster = server._postmaster()
    assert postmaster is not None
    postmaster.send_signal(signal.SIGQUIT)


async def restart(server: EmbeddedServer) -> None:
    kill(server)
    await until(lambda: server._postmaster() is None)
    await asyncio.to_thread(server.start)


def test_two_databases_of_a_new_server_can_be_migrated_at_once(server: EmbeddedServer) -> None:
    url = server.start()
    other = make_conninfo(url, dbname="other")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE DATABASE other")

    async def story() -> None:
        with psycopg.connect(url) as first:
            first.execute("CREATE ROLE tollbook_gateway NOLOGIN")
            second = asyncio.create_task(asyncio.to_thread(migrate, other))
            waiting = asyncio.create_task(until(lambda: seen(url, BLOCKED) == 1))
            await asyncio.wait({second, waiting}, return_when=asyncio.FIRST_COMPLETED)
            first.commit()
            await second

    run(story())

    check(other)


def test_a_call_outlives_the_servers_sudden_end(server: EmbeddedServer, tmp_path: Path) -> None:
    url = server.start()
    migrate(url)

    async def story() -> Till:
        async with opened(url) as ledger:
            till = await Till().open(ledger)
            settling, call = SettlingLedger(ledger, Spool(tmp_path)), till.call()
            await settling.reserve(call)
            await restart(server)

            settled = await settling.settle(till.charge(call))

            assert settled is not None
            assert settled.amount == PRICE
            assert b'"reserved":0' in await ledger.read(till.wallet)
            return till

    till = run(story(), seconds=60)

    wallet = replayed(url)[till.who.wallet_id]
    assert isinstance(wallet, Wallet)
    assert (wallet.available, wallet.reserved) == (1_000_000 - PRICE, 0)


def test_a_batch_that_the_servers_end_interrupts_is_appended_once(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    url = server.start()
    migrate(url)
    before = topics_of(url)["wallet.charged.2"]

    async def story() -> None:
        async with opened(url) as ledger:
            till = await Till().open(ledger)
            settling, calls = (
                SettlingLedger(ledger, Spool(tmp_path)),
                [till.call() for _ in "abcde"],
            )
            await asyncio.gather(*map(settling.reserve, calls))
            lock = psycopg.connect(url)
            lock.execute(LOCK)
            settled = [asyncio.create_task(settling.settle(till.charge(call))) for call in calls]
            await until(lambda: seen(url, BLOCKED) == 1)

            await restart(server)
            lock.close()

            assert [done.amount for done in await asyncio.gather(*settled) if done] == [PRICE] * 5

    run(story(), seconds=60)

    assert topics_of(url)["wallet.charged.2"] == before + 5
