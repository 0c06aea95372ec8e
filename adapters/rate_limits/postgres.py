"""Buckets in PostgreSQL: all calls that wait in a worker are decided in one short transaction."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final, NamedTuple

import psycopg
from psycopg_pool import AsyncConnectionPool

from adapters.rate_limits.bucket import Bucket, Level, Taken, Taking, correct, level, take

SWEEP_SECONDS: Final = 600
"""How often rows are deleted that say nothing more: an empty bucket is like none."""
States = dict[Bucket, int]

_log: Final = logging.getLogger("tollbook.limits")


class _Asked(NamedTuple):
    takings: Sequence[Taking]
    answer: "asyncio.Future[Taken]"


class PostgresBuckets:
    """The buckets of all workers; rows are locked in order, so that no two workers deadlock."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._asked: list[_Asked] = []
        self._corrections: list[Taking] = []
        self._running: asyncio.Task[None] | None = None
        self._swept = monotonic()

    async def take(self, takings: Sequence[Taking]) -> Taken:
        """Take from every bucket or from none; raises psycopg.Error."""
        answer: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(takings, answer))
        self._run()
        return await answer

    async def look(self, takings: Sequence[Taking]) -> Taken:
        """Tell what `take` would come to now, and take nothing; raises psycopg.Error."""
        wanted = [taking.bucket for taking in takings]
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(_LOOK, _columns(wanted))).fetchall()
        states = {Bucket(holder, kind): state for holder, kind, state, _ in rows}
        return _taken(states, takings, max(now for *_, now in rows))

    def correct(self, corrections: Iterable[Taking]) -> None:
        """Change later what was taken; nobody waits for it, and it may be lost."""
        self._corrections += corrections
        self._run()

    async def close(self, seconds: float) -> None:
        """Write what is to be written, for so long; what is left then is lost."""
        try:
            async with asyncio.timeout(seconds):
                while self._running is not None:
                    await asyncio.shield(self._running)
        except TimeoutError:
            _log.warning("corrections of rate limits were lost at the end")

    def _run(self) -> None:
        if self._running is None:
            self._running = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._asked or self._corrections:
                asked, self._asked = self._asked, []
                corrections, self._corrections = self._corrections, []
                await self._batch(asked, corrections)
            if monotonic() - self._swept > SWEEP_SECONDS:
                self._swept = monotonic()
                with suppress(psycopg.Error):
                    await self._sweep()
        finally:
            self._running = None

    async def _batch(self, asked: list[_Asked], corrections: list[Taking]) -> None:
        """Decide everything that waits; if that fails, tell all who wait."""
        try:
            answers = await self._decide([one.takings for one in asked], corrections)
        except psycopg.Error as error:
            for one in asked:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        for one, taken in zip(asked, answers, strict=True):
            if not one.answer.done():
                one.answer.set_result(taken)

    async def _decide(
        self, asked: Iterable[Sequence[Taking]], corrections: list[Taking]
    ) -> list[Taken]:
        asked = [*asked]
        wanted = {taking.bucket for takings in (*asked, corrections) for taking in takings}
        async with self._pool.connection() as conn, conn.transaction():
            rows = await (await conn.execute(_LOCK, _columns(sorted(wanted)))).fetchall()
            before = {Bucket(holder, kind): state for holder, kind, state, _ in rows}
            now_ms = max(now for *_, now in rows)
            after = before.copy()
            for taking in corrections:
                after[taking.bucket] = correct(after[taking.bucket], taking, now_ms)
            answers = [_taken(after, takings, now_ms) for takings in asked]
            if changed := sorted(b for b in wanted if after[b] != before[b]):
                states = [after[bucket] for bucket in changed]
                await conn.execute(_KEEP, (*_columns(changed), states))
        return answers

    async def _sweep(self) -> None:
        async with self._pool.connection() as conn:
            await conn.execute(_SWEEP)


def _taken(states: States, takings: Sequence[Taking], now_ms: int) -> Taken:
    """Take from all buckets of one call, or leave all as they are."""
    after: States = {}
    for taking in takings:
        after[taking.bucket], wait = take(states[taking.bucket], taking, now_ms)
        if wait is not None:
            return Taken(_levels(states, takings, now_ms), taking.bucket, wait)
    states.update(after)
    return Taken(_levels(states, takings, now_ms))


def _levels(states: States, takings: Sequence[Taking], now_ms: int) -> list[Level]:
    return [level(states[taking.bucket], taking, now_ms) for taking in takings]


def _columns(buckets: Sequence[Bucket]) -> tuple[list[object], list[str]]:
    return [bucket.holder for bucket in buckets], [bucket.kind for bucket in buckets]


_LOCK: Final = """
    INSERT INTO rate_limit_buckets AS old (holder, kind)
    SELECT * FROM unnest(%s::uuid[], %s::text[])
    ON CONFLICT (holder, kind) DO UPDATE SET empty_at = old.empty_at
    RETURNING holder, kind, empty_at, (extract(epoch FROM clock_timestamp()) * 1000)::bigint
"""
"""Makes the rows that are not there, and locks all of them in the order given."""
_LOOK: Final = """
    SELECT holder, kind, coalesce(empty_at, 0),
           (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    FROM unnest(%s::uuid[], %s::text[]) AS wanted (holder, kind)
    LEFT JOIN rate_limit_buckets USING (holder, kind)
"""
_KEEP: Final = """
    UPDATE rate_limit_buckets AS old SET empty_at = new.empty_at
    FROM unnest(%s::uuid[], %s::text[], %s::bigint[]) AS new (holder, kind, empty_at)
    WHERE old.holder = new.holder AND old.kind = new.kind
"""
_SWEEP: Final = """
    DELETE FROM rate_limit_buckets WHERE (holder, kind) IN (
        SELECT holder, kind FROM rate_limit_buckets
        WHERE empty_at < (extract(epoch FROM clock_timestamp()) - 60) * 1000000
        ORDER BY empty_at LIMIT 10000 FOR UPDATE SKIP LOCKED
    )
"""
