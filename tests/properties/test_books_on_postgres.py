"""The same state machine on the real database: fewer histories, every one of them durable rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
from hypothesis.stateful import run_state_machine_as_test
from psycopg.conninfo import make_conninfo

from adapters.ledger import snapshots
from adapters.ledger.connection import connect
from adapters.ledger.event_codec import decode
from adapters.ledger.group_commit import PostgresLedger
from adapters.ledger.schema import migrate
from domain.moment import Moment, moment
from domain.ports import Ledger
from tests.properties.months import MonthRules
from tests.properties.profiles import POSTGRESQL


class ToldClock:
    """The machine's clock in the place of the database's; never below the log's last."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def moment(self, database_now: datetime, log_last: datetime | None) -> Moment:
        now = self._clock()
        return moment(max(now, log_last) if log_last else now)


class BooksOnPostgres(MonthRules):
    """A database of its own for every history."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._name = f"books_{uuid4().hex}"
        self._url = make_conninfo(server_url, dbname=self._name)
        super().__init__()

    def new_ledger(self, clock: Callable[[], datetime]) -> Ledger:
        with psycopg.connect(self._server_url, autocommit=True) as conn:
            conn.execute(f'CREATE DATABASE "{self._name}"'.encode())
        migrate(self._url)
        self._told = ToldClock(clock)
        return self.runner.run(self._open())

    async def _open(self) -> PostgresLedger:
        ledger = PostgresLedger(partial(connect, self._url), 0)
        ledger._writer.clock = self._told  # type: ignore[assignment]
        ledger._reader._clock = self._told  # type: ignore[assignment]
        await ledger.start()
        return ledger

    def log(self) -> Sequence[Any]:
        with psycopg.connect(self._url) as conn:
            rows = conn.execute(
                "SELECT originator_id, originator_version, topic, state"
                " FROM ledger_events ORDER BY position"
            ).fetchall()
        return [decode(*row) for row in rows]

    def reopen(self, *, from_snapshots: bool) -> None:
        assert isinstance(self.ledger, PostgresLedger)
        self.runner.run(self.ledger.close())
        if not from_snapshots:
            with psycopg.connect(self._url) as conn:
                conn.execute("DELETE FROM ledger_snapshots")
        self.ledger = self.runner.run(self._open())

    def teardown(self) -> None:
        assert isinstance(self.ledger, PostgresLedger)
        self.runner.run(self.ledger.close())
        super().teardown()
        with psycopg.connect(self._server_url, autocommit=True) as conn:
            conn.execute(f'DROP DATABASE "{self._name}" WITH (FORCE)'.encode())


@contextmanager
def snapshots_every(events: int) -> Iterator[None]:
    before = snapshots.EVENTS_BETWEEN
    snapshots.EVENTS_BETWEEN = events
    try:
        yield
    finally:
        snapshots.EVENTS_BETWEEN = before


def test_any_history_keeps_the_books_on_postgresql(server_url: str) -> None:
    with snapshots_every(5):
        run_state_machine_as_test(lambda: BooksOnPostgres(server_url), settings=POSTGRESQL)
