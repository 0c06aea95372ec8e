"""Snapshots bound a cold load; deleting them changes nothing."""

import logging
from collections.abc import Sequence
from uuid import UUID

import psycopg
from psycopg import Connection

from adapters.ledger import sql
from adapters.ledger.aggregates import SnapshotRow, restore, take_snapshot
from domain.aggregate import Recorded

EVENTS_BETWEEN = 1_000
"""How many events of one aggregate a cold load replays at most, about."""

_log = logging.getLogger("tollbook.ledger")


class Snapshots:
    """Reads and writes snapshots on a connection outside any transaction."""

    def __init__(self) -> None:
        self._saved: dict[UUID, int] = {}

    def load(self, conn: Connection, wanted: Sequence[UUID]) -> dict[UUID, Recorded]:
        """Rebuild what has a snapshot of today's shape."""
        loaded: dict[UUID, Recorded] = {}
        for row in conn.execute(sql.SNAPSHOTS, (list(wanted),), prepare=True).fetchall():
            snapshot = SnapshotRow(row[0], row[1], row[2], bytes(row[3]))
            aggregate = restore(snapshot)
            if aggregate is not None:
                loaded[aggregate.id] = aggregate
                self._saved[aggregate.id] = aggregate.version
        return loaded

    def save_if_due(self, conn: Connection, aggregate: Recorded) -> None:
        """Save when the aggregate has grown enough since the last one; a failure is only logged.

        The commit before it is durable, so its callers must be answered whatever happens here.
        """
        if aggregate.version - self._saved.get(aggregate.id, 0) < EVENTS_BETWEEN:
            return
        try:
            conn.execute(sql.SAVE_SNAPSHOT, take_snapshot(aggregate), prepare=True)
        except (psycopg.Error, TypeError):
            _log.warning("a snapshot was not saved", exc_info=True)
        else:
            self._saved[aggregate.id] = aggregate.version
