"""Looking at aggregates as they are now, without the lock and beside the writer."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from psycopg import Connection

from adapters.ledger import sql
from adapters.ledger.aggregates import Row, fold
from adapters.ledger.batch import ReadBooks
from adapters.ledger.clock import LedgerClock
from adapters.ledger.snapshots import Snapshots
from domain.aggregate import Recorded
from domain.ports import Command

T = TypeVar("T")

CACHE_MAX = 5_000


class Reader:
    """One connection and one thread; a query sees everything committed before it began."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._conn: Connection | None = None
        self._cache: OrderedDict[UUID, Recorded] = OrderedDict()
        self._snapshots = Snapshots()
        self._clock = LedgerClock(time.monotonic)

    def look(self, query: Command[T]) -> T:
        """Catch up what the query names and run it; raises psycopg.Error or its refusal."""
        conn = self._connection()
        cold = [i for i in query.ids if i not in self._cache]
        if cold:
            self._cache.update(self._snapshots.load(conn, cold))
        try:
            self._catch_up(conn, query.ids)
        except BaseException:
            for aggregate_id in query.ids:
                self._cache.pop(aggregate_id, None)
            raise
        now = conn.execute("SELECT clock_timestamp()", prepare=True).fetchone()
        assert now is not None, "a clock always answers"
        try:
            return query.decide(ReadBooks(self._clock.moment(now[0], None), self._cache))
        finally:
            while len(self._cache) > CACHE_MAX:
                self._cache.popitem(last=False)

    def close(self) -> None:
        """Drop the connection; the next query opens another."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _catch_up(self, conn: Connection, wanted: Sequence[UUID]) -> None:
        cache = self._cache
        versions = [cache[i].version if i in cache else 0 for i in wanted]
        rows: list[tuple[Any, ...]] = conn.execute(
            sql.NEWER_EVENTS, (list(wanted), versions), prepare=True
        ).fetchall()
        fold((Row(*row) for row in rows), cache)
        for aggregate_id in wanted:
            if aggregate_id in cache:
                cache.move_to_end(aggregate_id)

    def _connection(self) -> Connection:
        if self._conn is None or self._conn.closed or self._conn.broken:
            self._cache.clear()
            self._conn = self._connect()
        return self._conn
