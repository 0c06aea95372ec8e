"""Reading one's own writes, and how far behind a read model is."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.ledger.connection import connect
from adapters.ledger.group_commit import PostgresLedger
from projections.customers import Customers
from projections.errors import ProjectionLagError
from projections.freshness import catch_up, lag
from projections.read_balances import balance
from tests.adapters.ledger.till import Till
from tests.projections.following import NextCustomers, end_of, running
from tests.projections.history import History, follow, installed
from tests.projections.looking import looking


def test_a_reader_sees_its_own_write(database_url: str) -> None:
    with installed(database_url):
        pass

    async def write_and_read() -> list[int]:
        ledger, till, seen = PostgresLedger(lambda: connect(database_url), 0), Till(), []
        await ledger.start()
        async with looking(database_url) as conn:
            await till.open(ledger, funds=0)
            for amount in (1, 20, 300):
                await ledger.execute(till.grant(amount))
                await catch_up(conn)
                shown = await balance(conn, till.who.wallet_id)
                assert shown is not None
                seen.append(shown.available)
        await ledger.close()
        return seen

    with running(database_url, poll_seconds=10):
        seen = asyncio.run(write_and_read())

    assert seen == [1, 21, 321]


def test_who_is_up_to_date_waits_for_nobody(database_url: str) -> None:
    History().store(database_url)
    follow(database_url)

    async def read() -> int:
        async with looking(database_url) as conn:
            return await catch_up(conn, patience_seconds=0)

    assert asyncio.run(read()) == end_of(database_url)


def test_what_is_written_while_one_waits_is_not_waited_for(database_url: str) -> None:
    history = History()
    history.store(database_url)
    with installed(database_url):
        pass

    async def read() -> int:
        async with looking(database_url) as conn:
            waiting = asyncio.create_task(catch_up(conn, patience_seconds=20))
            await asyncio.sleep(0.05)
            follow(database_url)
            return await waiting

    at_arrival = end_of(database_url)
    assert asyncio.run(read()) == at_arrival


def test_a_reader_gives_up_after_its_patience(database_url: str) -> None:
    history = History()
    history.store(database_url)
    with installed(database_url):
        pass

    async def read() -> None:
        async with looking(database_url) as conn:
            await catch_up(conn, patience_seconds=0.1)

    started = time.monotonic()
    with pytest.raises(ProjectionLagError) as refusal:
        asyncio.run(read())

    assert time.monotonic() - started < 5
    assert refusal.value.code == "projection_behind"
    assert refusal.value.retry_after == 1
    assert refusal.value.behind == end_of(database_url)


def test_a_read_model_of_another_version_is_not_fresh(database_url: str) -> None:
    History().store(database_url)
    follow(database_url)

    async def read() -> None:
        async with looking(database_url) as conn:
            await catch_up(conn, [Customers()], patience_seconds=0)
            await catch_up(conn, [NextCustomers()], patience_seconds=0)

    with pytest.raises(ProjectionLagError):
        asyncio.run(read())


def test_lag_tells_positions_and_seconds(database_url: str) -> None:
    history = History()
    history.store(database_url)
    follow(database_url)
    history.ledger.facts[history.stored :] = []
    reached = end_of(database_url)
    history.tick(seconds=1)
    history.grant(5)
    history.store(database_url)

    async def read() -> Any:
        async with looking(database_url) as conn:
            return await lag(conn)

    behind = asyncio.run(read())
    assert {entry.positions for entry in behind} == {end_of(database_url) - reached}
    age = (datetime.now(UTC) - history.now).total_seconds()
    assert all(entry.seconds == pytest.approx(max(age, 0), abs=10) for entry in behind)
    follow(database_url)
    assert {entry[1:] for entry in asyncio.run(read())} == {(0, 0.0, None)}
