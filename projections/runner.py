"""The batch runner: one process keeps every read model up with the log.

It polls. The writer does not NOTIFY: that is a statement of its own after each commit of the hot
path, and its lock is the server's, while nobody waits for most of what is written. Who does wait,
a reader that wants to see its own write, sends the NOTIFY itself and so wakes the runner at once.

Nobody else needs it sooner, so it lets events gather: a batch costs some 2 ms of both processes'
time whatever is in it, which at 50 ms between polls was half of all that projections cost.
"""

import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import Final

import psycopg
from psycopg import Connection

from projections.advance import step
from projections.catalogue import ALL
from projections.events import CHANNEL, WINDOW
from projections.projection import Projection
from projections.shelf import LIVE, NEXT, Shelf

ELECTION_LOCK: Final = 0x70115C50
"""Whoever holds it runs; it is held by the connection that writes, so losing one loses both."""
POLL_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 0.25

_log = logging.getLogger("tollbook.projections")


class Runner:
    """Follows the log until it is told to stop; `connect` gives the owner's connections.

    `reader` is the role that the gateway reads as. A second runner waits until the first is gone.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        reader: str,
        projections: Sequence[Projection] = ALL,
        *,
        window: int = WINDOW,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._connect = connect
        self._projections = projections
        self._live = Shelf(LIVE, reader)
        self._next = Shelf(NEXT)
        self._window = window
        self._poll_seconds = poll_seconds

    def run(self, stop: Event) -> None:
        """Run until stopped, through any failure of the database."""
        while not stop.is_set():
            try:
                with self._connect() as conn:
                    if self._elected(conn, stop):
                        self._follow(conn, stop)
            except psycopg.Error as error:
                _log.warning("projections lost the database", extra={"error": repr(error)})
                stop.wait(RETRY_SECONDS)

    def _elected(self, conn: Connection, stop: Event) -> bool:
        """Wait for the other runner to go; asked for again and again, so that it can be stopped."""
        while not stop.is_set():
            row = conn.execute("SELECT pg_try_advisory_lock(%s)", (ELECTION_LOCK,)).fetchone()
            if row is not None and row[0]:
                return True
            stop.wait(RETRY_SECONDS)
        return False

    def _follow(self, conn: Connection, stop: Event) -> None:
        current, new = self._prepare(conn)
        conn.execute(f"LISTEN {CHANNEL}")
        while not stop.is_set():
            arrived = not self._behind(conn, current) or self._live_step(conn, current)
            if new and self._step(conn, self._next, new):
                current, new = self._switch(conn, new)
            # Having arrived it pauses, whatever has come meanwhile: small batches cost the most.
            if arrived and not new:
                for _ in conn.notifies(timeout=self._poll_seconds, stop_after=1):
                    pass

    def _live_step(self, conn: Connection, projections: Sequence[Projection]) -> bool:
        """Note besides when the model of calls got where it is: each call's trace tells that."""
        arrived = self._step(conn, self._live, projections)
        conn.execute(_MARK)
        return arrived

    def _step(self, conn: Connection, shelf: Shelf, projections: Sequence[Projection]) -> bool:
        return step(conn, shelf, projections, window=self._window)

    def _prepare(self, conn: Connection) -> tuple[list[Projection], list[Projection]]:
        """Tell which projections are current, and begin the new versions of the others beside."""
        # The rows can be made again from the log, so their commits need not wait for the disk.
        conn.execute("SET synchronous_commit = off")
        self._live.create(conn, self._projections)
        current, new = self._by_age(conn)
        for projection in current:
            self._live.halt(conn, projection.name, None)
        self._next.drop(conn)
        if new:
            self._next.create(conn, new)
        return current, new

    def _by_age(self, conn: Connection) -> tuple[list[Projection], list[Projection]]:
        versions = {place.name: place.version for place in self._live.places(conn)}
        current = [p for p in self._projections if versions[p.name] == p.version]
        return current, [p for p in self._projections if versions[p.name] != p.version]

    def _switch(
        self, conn: Connection, new: Sequence[Projection]
    ) -> tuple[list[Projection], list[Projection]]:
        """Put the new versions in the place of the old, unless they cannot take the log."""
        able = {place.name for place in self._next.places(conn) if place.halted_at is None}
        for projection in new:
            if projection.name in able:
                with conn.transaction():
                    self._live.lock(conn, [projection.name])
                    self._live.take_over(conn, projection, self._next)
        current, _ = self._by_age(conn)
        return current, []

    def _behind(self, conn: Connection, current: Sequence[Projection]) -> bool:
        """Ask before locking anything, since most of the time there is nothing to do."""
        names = [projection.name for projection in current]
        row = conn.execute(_BEHIND, (names,), prepare=True).fetchone()
        return row is not None and bool(row[0])


_BEHIND = """
    SELECT min(position) < (SELECT max(position) FROM public.ledger_events)
    FROM read.projection_positions WHERE name = ANY(%s) AND halted_at IS NULL
"""
_MARK: Final = """
    INSERT INTO public.read_model_marks (position)
    SELECT position FROM read.projection_positions WHERE name = 'calls'
    ON CONFLICT DO NOTHING
"""
