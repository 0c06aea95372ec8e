"""Buckets of several workers: exact together, all or none, and gone after a crash at worst."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from adapters.ledger.connection import open_pool
from adapters.rate_limits import postgres
from adapters.rate_limits.bucket import Bucket, Taken, Taking
from adapters.rate_limits.postgres import PostgresBuckets
from tests.adapters.ledger.database import seen, until
from tests.adapters.ledger.till import run

ROOT = Path(__file__).resolve().parents[3]
KEY, CUSTOMER = UUID(int=1), UUID(int=2)
ROWS = "SELECT count(*) FROM rate_limit_buckets"
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


def requests(holder: UUID = KEY, limit: int = 10, amount: int = 1) -> Taking:
    return Taking(Bucket(holder, "requests"), limit, amount)


def tokens(amount: int, holder: UUID = KEY, limit: int = 1_000) -> Taking:
    return Taking(Bucket(holder, "tokens"), limit, amount)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresBuckets]:
    pool = await open_pool(url, 2)
    buckets = PostgresBuckets(pool)
    try:
        yield buckets
    finally:
        await buckets.close(5)
        await pool.close()


def with_buckets(url: str, work: Callable[[PostgresBuckets], Awaitable[None]]) -> None:
    async def story() -> None:
        async with opened(url) as buckets:
            await work(buckets)

    run(story())


def remaining(taken: Taken) -> list[int]:
    return [level.remaining for level in taken.levels]


def test_a_call_is_told_what_remains_and_when_all_is_there_again(database_url: str) -> None:
    async def work(buckets: PostgresBuckets) -> None:
        await buckets.take([requests(), tokens(100)])
        before = time.time() * 1000
        taken = await buckets.take([requests(), tokens(100)])

        assert taken.refused is None
        calls, left = remaining(taken)
        assert (calls, left // 100) == (8, 8)
        assert [level.limit for level in taken.levels] == [10, 1_000]
        assert 11_000 < taken.levels[0].reset_ms <= 12_000
        assert abs(taken.levels[0].reset_at_ms - before - 12_000) < 2_000

    with_buckets(database_url, work)


def test_a_call_is_taken_from_all_its_buckets_or_from_none(database_url: str) -> None:
    async def work(buckets: PostgresBuckets) -> None:
        await buckets.take([tokens(950)])
        refused = await buckets.take([requests(), requests(CUSTOMER), tokens(100)])
        after = await buckets.take([requests(), requests(CUSTOMER), tokens(1)])

        assert refused.refused == Bucket(KEY, "tokens")
        assert 1_000 < refused.retry_ms <= 3_000
        assert remaining(refused)[:2] == [10, 10]
        assert 50 <= remaining(refused)[2] < 100
        assert remaining(after)[:2] == [9, 9]

    with_buckets(database_url, work)


def test_looking_tells_what_taking_would_and_takes_nothing(database_url: str) -> None:
    async def work(buckets: PostgresBuckets) -> None:
        unheard_of = await buckets.look([requests()])
        await buckets.take([requests(amount=10)])
        looked = [await buckets.look([requests(CUSTOMER), requests()]) for _ in range(3)]

        assert (unheard_of.refused, remaining(unheard_of)) == (None, [9])
        assert {taken.refused for taken in looked} == {Bucket(KEY, "requests")}
        assert looked[0].retry_ms > 5_000
        assert (await buckets.take([requests(CUSTOMER, amount=10)])).refused is None

    with_buckets(database_url, work)


def test_what_a_call_did_not_use_is_given_back(database_url: str) -> None:
    async def work(buckets: PostgresBuckets) -> None:
        await buckets.take([tokens(1_000)])
        buckets.correct([tokens(-900)])

        [left] = remaining(await buckets.take([tokens(50)]))
        assert 850 <= left < 900, "what was given back, and a few that time has given since"

    with_buckets(database_url, work)


def test_one_buckets_calls_are_not_anothers(database_url: str) -> None:
    async def work(buckets: PostgresBuckets) -> None:
        await buckets.take([requests(amount=10)])

        assert (await buckets.take([requests()])).refused == Bucket(KEY, "requests")
        assert (await buckets.take([requests(CUSTOMER)])).refused is None
        assert (await buckets.take([tokens(1)])).refused is None

    with_buckets(database_url, work)


def test_calls_that_wait_together_are_decided_together(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    decide = PostgresBuckets._decide

    async def counted(self: PostgresBuckets, asked: list[list[Taking]], more: object) -> object:
        batches.append(len(asked))
        return await decide(self, asked, more)  # type: ignore[arg-type]

    monkeypatch.setattr(PostgresBuckets, "_decide", counted)

    async def work(buckets: PostgresBuckets) -> None:
        taken = await asyncio.gather(*(buckets.take([requests()]) for _ in range(30)))

        assert sum(one.refused is None for one in taken) == 10
        assert len(batches) <= 2

    with_buckets(database_url, work)


def test_a_caller_that_left_disturbs_nobody(database_url: str) -> None:
    async def work(buckets: PostgresBuckets) -> None:
        leaving = asyncio.create_task(buckets.take([requests()]))
        staying = asyncio.create_task(buckets.take([requests()]))
        await asyncio.sleep(0)
        leaving.cancel()

        assert remaining(await staying) == [8]

    with_buckets(database_url, work)


def test_four_workers_that_race_admit_the_limit_together(database_url: str) -> None:
    limit = 120
    with racing(database_url, workers=4, limit=limit) as workers:
        with psycopg.connect(database_url) as conn:
            conn.execute("INSERT INTO rate_limit_buckets VALUES (%s, 'requests')", (KEY,))
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("go\n")
                worker.stdin.flush()
            run(until(lambda: seen(database_url, WAITING) == len(workers)))
            began = time.monotonic()
        admitted = [int(worker.communicate(timeout=30)[0]) for worker in workers]
        seconds = time.monotonic() - began

    # What comes back while they race is theirs, too: two a second at this limit.
    assert limit <= sum(admitted) <= limit + seconds * limit / 60 + 1
    assert sum(count > 0 for count in admitted) >= 2


@contextmanager
def racing(url: str, *, workers: int, limit: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Start workers of which each asks as often as the limit admits to all together."""
    command = [sys.executable, "-m", "tests.adapters.rate_limits.worker", url]
    command += [str(KEY), str(limit), str(limit)]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
            )
            for _ in range(workers)
        ]
        for worker in started:
            stack.callback(worker.kill)
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        yield started


def test_a_limiter_without_its_table_tells_all_who_wait_and_goes_on(database_url: str) -> None:
    async def work(buckets: PostgresBuckets) -> None:
        with psycopg.connect(database_url, autocommit=True) as conn:
            conn.execute("ALTER TABLE rate_limit_buckets RENAME TO elsewhere")
            failed = await asyncio.gather(
                *(buckets.take([requests()]) for _ in range(3)), return_exceptions=True
            )
            conn.execute("ALTER TABLE elsewhere RENAME TO rate_limit_buckets")

        assert [type(error) for error in failed] == [psycopg.errors.UndefinedTable] * 3
        assert (await buckets.take([requests()])).refused is None

    with_buckets(database_url, work)


def test_what_is_to_be_corrected_is_written_before_the_end(database_url: str) -> None:
    async def story() -> None:
        async with opened(database_url) as buckets:
            await buckets.take([tokens(1_000)])
            buckets.correct([tokens(-1_000)])
        async with opened(database_url) as buckets:
            assert remaining(await buckets.take([tokens(1)])) == [999]

    run(story())


def test_rows_that_say_nothing_more_are_deleted(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SWEEP_SECONDS", -1)
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("INSERT INTO rate_limit_buckets VALUES (%s, 'requests', 5)", (CUSTOMER,))

    async def work(buckets: PostgresBuckets) -> None:
        await buckets.take([requests(amount=10)])

    with_buckets(database_url, work)

    assert seen(database_url, ROWS) == 1
    assert seen(database_url, f"{ROWS} WHERE holder = '{KEY}'") == 1


def test_the_gateway_makes_no_table_and_the_buckets_survive_no_crash(database_url: str) -> None:
    persistence = "SELECT relpersistence FROM pg_class WHERE relname = 'rate_limit_buckets'"

    assert seen(database_url, persistence) in {"u", b"u"}
