"""Positions are in the order of commits, so whoever follows the log misses nothing."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import orjson
import psycopg

from tests.adapters.ledger.database import fields, holding_the_lock, log_of, until_waiting
from tests.adapters.ledger.proxy import Proxy
from tests.adapters.ledger.till import Till, opened, run

NEWER = "SELECT position FROM ledger_events WHERE position > %s ORDER BY position"
ALL = "SELECT position FROM ledger_events ORDER BY position"


class Follower(threading.Thread):
    """Polls for what is after the last position it has seen, as a projection does."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._enough = threading.Event()
        self.seen: list[int] = []

    def run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as conn:
            while not self._enough.is_set():
                self.look(conn)
            self.look(conn)

    def look(self, conn: psycopg.Connection) -> None:
        last = self.seen[-1] if self.seen else 0
        self.seen += [row[0] for row in conn.execute(NEWER, (last,), prepare=True)]

    def stop(self) -> list[int]:
        self._enough.set()
        self.join()
        return self.seen


@contextmanager
def following(url: str) -> Iterator[Follower]:
    follower = Follower(url)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


def positions(url: str) -> list[int]:
    with psycopg.connect(url) as conn:
        return [row[0] for row in conn.execute(ALL).fetchall()]


def test_nobody_commits_a_later_position_while_an_earlier_one_is_uncommitted(
    database_url: str,
) -> None:
    async def story(proxy: Proxy) -> None:
        async with opened(proxy.url) as slow, opened(database_url) as quick:
            till, other = await Till().open(slow), await Till().open(quick)
            with following(database_url) as follower:
                proxy.hold_commit()
                late = asyncio.create_task(slow.execute(till.call()))
                await asyncio.to_thread(proxy.reached.wait, 10)
                second = asyncio.create_task(quick.execute(other.call()))
                await asyncio.wait({second, asyncio.create_task(until_waiting(database_url))},
                                   return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
                assert not second.done()
                proxy.let_go()
                await asyncio.gather(late, second)
            assert follower.seen == positions(database_url)

    with Proxy(database_url) as proxy:
        run(story(proxy))


def test_a_follower_of_four_writers_sees_every_event_once_and_in_order(database_url: str) -> None:
    async def write(url: str) -> None:
        async with opened(url) as ledger:
            till = await Till().open(ledger)
            for _ in range(60):
                call = till.call()
                await ledger.execute(call)
                await ledger.execute(till.charge(call))

    async def story() -> None:
        await asyncio.gather(*(write(database_url) for _ in range(4)))

    with following(database_url) as follower:
        run(story())

    assert follower.seen == positions(database_url)
    assert len(follower.seen) > 4 * 60 * 6


def test_time_is_read_under_the_lock_and_so_follows_what_the_one_before_wrote(
    database_url: str,
) -> None:
    later = datetime.now(UTC) + timedelta(minutes=1)
    insert = (
        "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
        " VALUES (gen_random_uuid(), 1, 'x', %s)"
    )

    async def story() -> None:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            with holding_the_lock(database_url) as other:
                waiting = asyncio.create_task(ledger.execute(till.call()))
                await until_waiting(database_url)
                other.execute(insert, (orjson.dumps({"timestamp": later}),))
            await waiting

    run(story())

    times = [datetime.fromisoformat(fields(row)["timestamp"]) for row in log_of(database_url)]
    assert times == sorted(times)
    assert times[-1] == later


def test_vacuum_finishes_while_a_writer_is_between_insert_and_commit(database_url: str) -> None:
    async def story(proxy: Proxy) -> None:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            proxy.hold_commit()
            writing = asyncio.create_task(ledger.execute(till.call()))
            await asyncio.to_thread(proxy.reached.wait, 10)
            try:
                await asyncio.to_thread(vacuum, database_url)
            finally:
                proxy.let_go()
            await writing

    with Proxy(database_url) as proxy:
        run(story(proxy))


def vacuum(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET lock_timeout = '500ms'")
        conn.execute("VACUUM ledger_events")
