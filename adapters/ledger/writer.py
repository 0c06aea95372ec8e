"""The append protocol on PostgreSQL: lock, catch up, decide, append (design.md §5).

One writer is one connection, used by one thread. Two round trips a batch:

    BEGIN · lock · clock and newer events of everything the batch names
    INSERT · COMMIT
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson
import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus

from adapters.ledger import sql
from adapters.ledger.aggregates import Row, fold
from adapters.ledger.batch import Decided, decide
from adapters.ledger.clock import LedgerClock
from adapters.ledger.event_codec import encode
from adapters.ledger.snapshots import Snapshots
from domain.aggregate import Recorded
from domain.moment import Moment
from domain.ports import Command

CACHE_MAX = 20_000
"""Aggregates kept between batches; the least recently used go first."""


class CommitUnknownError(Exception):
    """The connection broke at COMMIT; the first row tells whether the batch landed."""

    def __init__(self, decided: Decided, first: Row) -> None:
        super().__init__("The outcome of a commit is unknown.")
        self.decided = decided
        self.first = first


class Writer:
    """Appends batches of one shard; keeps what it has loaded and catches up under the lock."""

    def __init__(self, connect: Callable[[], Connection], shard: int) -> None:
        self._connect = connect
        self._shard = shard
        self._conn: Connection | None = None
        self._cache: OrderedDict[UUID, Recorded] = OrderedDict()
        self._snapshots = Snapshots()
        self.clock = LedgerClock(time.monotonic)

    def append(self, commands: Sequence[Command[Any]]) -> list[object]:
        """Decide and append a batch in one commit; returns each command's result or refusal.

        Raises SpoiltBatchError with nothing appended, psycopg.Error with nothing appended, or
        CommitUnknownError. Whatever is raised, nothing of the batch is left in the cache.
        """
        named = list(dict.fromkeys(i for command in commands for i in command.ids))
        try:
            conn = self._connection()
            self._load(conn, named)
            decided = self._decide(conn, commands, named)
            if decided.facts:
                self._insert(conn, decided)
            else:
                conn.execute("ROLLBACK")
        except BaseException:
            self._forget(named)
            self._leave_transaction()
            raise
        self._after(conn, named, decided)
        return decided.outcomes

    def landed(self, unknown: CommitUnknownError) -> bool:
        """Tell under the lock whether a batch of unknown outcome was committed."""
        conn = self._connection()
        with conn.transaction():
            conn.execute(sql.LOCK, (self._shard,))
            first = unknown.first
            row = conn.execute(sql.ONE_EVENT, (first.originator_id, first.version)).fetchone()
        return row is not None and (row[0], bytes(row[1])) == (first.topic, first.state)

    def close(self) -> None:
        """Drop the connection; the next batch opens another."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _connection(self) -> Connection:
        if self._conn is None or self._conn.closed or self._conn.broken:
            self._cache.clear()
            self._conn = self._connect()
        return self._conn

    def _load(self, conn: Connection, named: Sequence[UUID]) -> None:
        """Load what is cold before the lock, so that it is only caught up under it."""
        cold = [i for i in named if i not in self._cache]
        if cold:
            self._cache.update(self._snapshots.load(conn, cold))
            self._fold(
                conn.execute(sql.NEWER_EVENTS, self._versions(cold), prepare=True).fetchall()
            )

    def _decide(
        self, conn: Connection, commands: Sequence[Command[Any]], named: Sequence[UUID]
    ) -> Decided:
        with conn.pipeline() as pipeline:
            conn.execute("BEGIN", prepare=True)
            conn.execute(sql.LOCK, (self._shard,), prepare=True)
            clock = conn.execute(sql.CLOCK, prepare=True)
            newer = conn.execute(sql.NEWER_EVENTS, self._versions(named), prepare=True, binary=True)
            pipeline.sync()
            at = self._moment(clock.fetchone())
            self._fold(newer.fetchall())
        return decide(commands, at, self._cache)

    def _moment(self, reading: tuple[Any, ...] | None) -> Moment:
        assert reading is not None, "a clock always answers"
        now, last_state = reading
        last = orjson.loads(last_state)["timestamp"] if last_state else None
        return self.clock.moment(now, datetime.fromisoformat(last) if last else None)

    def _insert(self, conn: Connection, decided: Decided) -> None:
        stored = [encode(fact) for fact in decided.facts]
        rows = [
            Row(cast("UUID", e.originator_id), e.originator_version, e.topic, e.state)
            for e in stored
        ]
        columns = [list(column) for column in zip(*rows, strict=True)]
        try:
            with conn.pipeline() as pipeline:
                conn.execute(sql.INSERT, columns, prepare=True)
                conn.execute("COMMIT", prepare=True)
                pipeline.sync()
        except psycopg.OperationalError as error:
            # 57P01, the server's shutdown, may come after the commit was made durable.
            if conn.broken or error.sqlstate == "57P01":
                raise CommitUnknownError(decided, rows[0]) from error
            raise

    def _versions(self, named: Sequence[UUID]) -> tuple[list[UUID], list[int]]:
        cache = self._cache
        return list(named), [cache[i].version if i in cache else 0 for i in named]

    def _fold(self, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            fold((Row(*row) for row in rows), self._cache)

    def _after(self, conn: Connection, named: Sequence[UUID], decided: Decided) -> None:
        """Keep the cache bounded, and snapshot what has grown a long history."""
        for aggregate_id in named:
            aggregate = self._cache.get(aggregate_id)
            if aggregate is None:
                continue
            if aggregate.retired:
                del self._cache[aggregate_id]
            else:
                self._cache.move_to_end(aggregate_id)
                self._snapshots.save_if_due(conn, aggregate)
        self._cache.update((i, begun) for i, begun in decided.begun.items() if not begun.retired)
        while len(self._cache) > CACHE_MAX:
            self._cache.popitem(last=False)

    def _forget(self, named: Sequence[UUID]) -> None:
        """Drop whatever the batch may have changed."""
        for aggregate_id in named:
            self._cache.pop(aggregate_id, None)

    def _leave_transaction(self) -> None:
        conn = self._conn
        if conn is None or conn.broken or conn.closed:
            self.close()
        elif conn.info.transaction_status != TransactionStatus.IDLE:
            try:
                conn.execute("ROLLBACK")
            except psycopg.Error:
                self.close()
