"""Looking at aggregates as they are now, without the lock and beside the writer."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters.ledger import sql
from adapters.ledger.aggregates import Row, fold
from adapters.ledger.batch import ReadBooks
from adapters.ledger.clock import LedgerClock
from adapters.ledger.snapshots import Snapshots
from domain.aggregate import Recorded
from domain.moment import Moment
from domain.ports import Command

CACHE_MAX = 5_000


class Reader:
    """One connection and one thread; a query sees everything committed before it began."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._conn: Connection | None = None
        self._cache: OrderedDict[UUID, Recorded] = OrderedDict()
        self._snapshots = Snapshots()
        self._clock = LedgerClock(time.monotonic)

    def look(self, queries: Sequence[Command[Any]]) -> list[object]:
        """Catch up what the queries name and run each; gives their results and refusals.

        Raises psycopg.Error, or whatever an event that cannot be read raises.
        """
        conn = self._connection()
        named = list(dict.fromkeys(i for query in queries for i in query.ids))
        cold = [i for i in named if i not in self._cache]
        if cold:
            self._cache.update(self._snapshots.load(conn, cold))
        try:
            at = self._catch_up(conn, named)
        except BaseException:
            for aggregate_id in named:
                self._cache.pop(aggregate_id, None)
            raise
        books = ReadBooks(at, self._cache)
        outcomes = [_outcome(query, books) for query in queries]
        while len(self._cache) > CACHE_MAX:
            self._cache.popitem(last=False)
        return outcomes

    def close(self) -> None:
        """Drop the connection; the next query opens another."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _catch_up(self, conn: Connection, named: Sequence[UUID]) -> Moment:
        cache = self._cache
        versions = [cache[i].version if i in cache else 0 for i in named]
        with conn.pipeline() as pipeline:
            newer = conn.execute(
                sql.NEWER_EVENTS, (list(named), versions), prepare=True, binary=True
            )
            clock = conn.execute("SELECT clock_timestamp()", prepare=True)
            pipeline.sync()
            rows: list[tuple[Any, ...]] = newer.fetchall()
            now = clock.fetchone()
        assert now is not None, "a clock always answers"
        fold((Row(*row) for row in rows), cache)
        for aggregate_id in named:
            if aggregate_id in cache:
                cache.move_to_end(aggregate_id)
        return self._clock.moment(now[0], None)

    def _connection(self) -> Connection:
        if self._conn is None or self._conn.closed or self._conn.broken:
            self._cache.clear()
            self._conn = self._connect()
        return self._conn


def _outcome(query: Command[Any], books: ReadBooks) -> object:
    try:
        return query.decide(books)
    except Exception as error:  # noqa: BLE001  # raised where the query was asked
        return error
