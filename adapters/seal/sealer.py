"""The sealer: signs the log's growth, and never two different trees of one size.

Each head goes on from the hashes that the one before it signed, never from the log read again:
an event that was changed after it was sealed gets into no head.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Final

import psycopg
from psycopg import Connection

from adapters.seal import store
from adapters.seal.archive import Archive
from adapters.seal.errors import SealBrokenError
from adapters.seal.keys import SealKey
from adapters.seal.store import LeafRow
from domain.leaf import SALT_BYTES, Stored, hash_of
from domain.merkle import Frontier
from domain.tree_head import TreeHead

WINDOW: Final = 10_000
"""Events under one head at most: a backlog is sealed in steps, each a commit of its own."""

CHANNEL: Final = "tollbook_seal"
"""Whoever needs a head at once sends a NOTIFY here."""
TICK_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 1.0

_log = logging.getLogger("tollbook.seal")

Connect = Callable[[], Connection]
Recheck = Callable[[Connection], None]
"""Looks again at some of what is sealed; raises SealBrokenError."""


def seal_now(
    connect: Connect,
    key: SealKey,
    archive: Archive | None = None,
    *,
    known: TreeHead | None = None,
    window: int = WINDOW,
) -> TreeHead | None:
    """Seal all that was committed when this was called; gives the newest head, None for no events.

    Takes the owner's connections; `known` is a head that the caller has seen. Raises
    SealBrokenError with nothing signed, psycopg.Error, or OSError from the archive.
    """
    with connect() as conn:
        job = _Pass(key, archive, store.log_end(conn), window)
        head = job.step(conn, known)
        while head is not None and head.position < job.end:
            head = job.step(conn, head)
        if archive is not None:
            archive.follow(conn)
    return head


@dataclass(frozen=True, slots=True)
class _Pass:
    """One go over what is new, up to a position."""

    key: SealKey
    archive: Archive | None
    end: int
    window: int

    def step(self, conn: Connection, known: TreeHead | None) -> TreeHead | None:
        """Put the next events under a head, in one commit."""
        # Read before the lock, since the folder may be slow: what is published stays so.
        published = self.archive.newest() if self.archive else None
        with conn.transaction():
            conn.execute("SELECT pg_advisory_xact_lock(%s)", (store.LOCK,))
            last = store.newest_head(conn)
            frontier = _continued(conn, self.key, last, (known, published))
            after = last.position if last else 0
            events = store.events_between(conn, after, self.end, self.window)
            if not events:
                return last
            store.add_leaves(conn, _grow(frontier, events))
            store.add_nodes(conn, frontier.completed)
            store.add_keys(conn, self.key.trusted.public.items())
            head = self._signed(frontier, events[-1][0], store.now(conn))
            store.add_head(conn, head)
        return head

    def _signed(self, frontier: Frontier, position: int, timestamp: str) -> TreeHead:
        root = frontier.root.hex()
        return self.key.sign(TreeHead(frontier.size, position, root, timestamp, self.key.key_id))


def _continued(
    conn: Connection, key: SealKey, last: TreeHead | None, seen: tuple[TreeHead | None, ...]
) -> Frontier:
    """Load what the newest head signed, or raise SealBrokenError if it is not what was seen."""
    for head in seen:
        if head is not None and store.head_of(conn, head.tree_size) != head:
            message = (
                f"The head of {head.tree_size} events that was signed and published is not in the "
                "database: it was changed, or is an older copy."
            )
            raise SealBrokenError(message)
    if last is None:
        return Frontier()
    if not key.trusted.signed(last):
        message = (
            f"The newest head was not signed by a key of the key file, but by {last.key_id}. "
            "A replaced key's public key goes into the file after the new one."
        )
        raise SealBrokenError(message)
    return store.frontier_under(conn, last)


def _grow(frontier: Frontier, events: list[Stored]) -> list[LeafRow]:
    salts = os.urandom(SALT_BYTES * len(events))
    rows: list[LeafRow] = []
    for number, event in enumerate(events):
        salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
        leaf = hash_of(salt, event)
        rows.append((frontier.size, event[0], salt, leaf))
        frontier.append(leaf)
    return rows


def _nothing(_: Connection) -> None:
    """Look at nothing again."""


class Sealer:
    """Seals every so often until it is told to stop; any number may run at once.

    `failed` is told of each pass that could not sign, for a metric.
    """

    def __init__(
        self,
        connect: Connect,
        key: SealKey,
        archive: Archive | None = None,
        *,
        every_seconds: float,
        recheck: Recheck = _nothing,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._connect = connect
        self._key = key
        self._archive = archive
        self._every_seconds = every_seconds
        self._recheck = recheck
        self._failed = failed
        self._known: TreeHead | None = None

    def run(self, stop: Event) -> None:
        """Run until stopped, through any failure; what cannot be signed now is tried again."""
        while not stop.is_set():
            try:
                with self._connect() as conn:
                    conn.execute(f"LISTEN {CHANNEL}")
                    while not stop.is_set():
                        self._attempt()
                        self._pause(conn, stop)
                    # What came while everybody was stopping must not lie about unsealed.
                    self._attempt()
            except psycopg.Error as error:
                self._failed()
                _log.warning("the log could not be sealed", extra={"error": repr(error)})
                stop.wait(RETRY_SECONDS)
            except Exception:  # noqa: BLE001  the thread has nobody to raise to
                self._failed()
                _log.critical("the sealer failed by a fault of ours", exc_info=True)
                stop.wait(RETRY_SECONDS)

    def _attempt(self) -> None:
        try:
            self.seal()
        except SealBrokenError:
            self._failed()
            _log.critical("THE SEAL IS BROKEN, nothing is signed: run `verify`", exc_info=True)
        except OSError as error:
            self._failed()
            _log.error("the folder outside is out of reach", extra={"error": repr(error)})

    def _pause(self, conn: Connection, stop: Event) -> None:
        """Wait for the next time, or for somebody who needs a head at once."""
        until = time.monotonic() + self._every_seconds
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if any(True for _ in conn.notifies(timeout=min(left, TICK_SECONDS), stop_after=1)):
                return

    def seal(self) -> TreeHead | None:
        """Make one pass: look at some of what is sealed again, then seal what is new."""
        with self._connect() as conn:
            self._recheck(conn)
        self._known = seal_now(self._connect, self._key, self._archive, known=self._known)
        return self._known
