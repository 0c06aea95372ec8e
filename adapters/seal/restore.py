"""Restoring: the log and its evidence from the copy outside, into a database that is empty.

Every head is checked on the way, so that what comes back is what was signed; else nothing does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg import Connection

from adapters.seal import store
from adapters.seal.archive import ArchiveError, read_heads, read_log, segments
from adapters.seal.keys import TrustedKeys
from domain.leaf import Stored, hash_of
from domain.merkle import Frontier
from domain.tree_head import TreeHead

BATCH: Final = 5_000
TABLES: Final = ("ledger_events", "seal_leaves", "seal_heads")

Progress = Callable[[int, int], None]


class NotEmptyError(Exception):
    """The database has books of its own."""

    def __init__(self, table: str) -> None:
        super().__init__(f"The database is not empty: {table} has rows. Restore into a new one.")


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, all of it signed but for the events after the newest head."""

    events: int
    heads: int
    newest: TreeHead
    unsealed: int


def restore(
    conn: Connection, folder: Path, trusted: TrustedKeys | None, progress: Progress
) -> Restored:
    """Restore in one transaction, as the owner; positions, bytes and hashes are as they were.

    Raises NotEmptyError, OSError, or ArchiveError naming what does not match. Without trusted
    keys the roots are checked all the same, but not who signed them.
    """
    with conn.transaction():
        # The folder may be slow, and the log long.
        conn.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
        conn.execute("SET LOCAL statement_timeout = 0")
        _check_empty(conn)
        heads = _Heads(folder, trusted)
        last = _restore_log(conn, folder, heads, progress)
        if heads.waiting is not None:
            message = "The log's copy ends before the newest head."
            raise ArchiveError(message)
        if heads.newest is None:
            message = f"There is no head in {folder}."
            raise ArchiveError(message)
        conn.execute(_GO_ON, (last,))
        if trusted is not None:
            store.add_keys(conn, trusted.public.items())
    return Restored(heads.frontier.size + heads.unsealed, heads.count, heads.newest, heads.unsealed)


class _Heads:
    """The tree as it grows again, and the heads that it has to pass."""

    def __init__(self, folder: Path, trusted: TrustedKeys | None) -> None:
        self._heads = read_heads(folder)
        self._trusted = trusted
        self.frontier = Frontier()
        self.newest: TreeHead | None = None
        self.waiting = next(self._heads, None)
        self.count = 0
        self.unsealed = 0
        """A crash may have kept the last events' head from getting out."""

    def pass_by(self, position: int, leaf: bytes) -> TreeHead | None:
        """Add a leaf; gives the head that is signed just there."""
        self.frontier.append(leaf)
        head = self.waiting
        if head is None or head.tree_size != self.frontier.size:
            return None
        if (head.root_hash, head.position) != (self.frontier.root.hex(), position):
            before = self.newest.position if self.newest else 0
            message = f"The copy from position {before + 1} to {position} is not what was signed."
            raise ArchiveError(message)
        if self._trusted is not None and not self._trusted.signed(head):
            message = f"The head of {head.tree_size} events is not signed by a trusted key."
            raise ArchiveError(message)
        self.newest, self.waiting = head, next(self._heads, None)
        self.count += 1
        return head


def _restore_log(conn: Connection, folder: Path, heads: _Heads, progress: Progress) -> int:
    found = segments(folder)
    end = found[-1].last if found else 0
    log, last = read_log(folder), 0
    while batch := list(islice(log, BATCH)):
        with conn.cursor() as cursor, cursor.copy(_EVENTS) as copy:
            copy.set_types(("int8", "uuid", "int8", "text", "bytea"))
            for _, (position, originator_id, version, topic, state) in batch:
                copy.write_row((position, UUID(bytes=originator_id), version, topic, state))
        signed: list[TreeHead] = []
        store.add_leaves(conn, _leaves(batch, heads, signed))
        for head in signed:
            store.add_head(conn, head)
        store.add_nodes(conn, heads.frontier.completed)
        heads.frontier.completed.clear()
        last = batch[-1][1][0]
        progress(last, end)
    return last


def _leaves(
    batch: list[tuple[bytes, Stored]], heads: _Heads, signed: list[TreeHead]
) -> Iterator[store.LeafRow]:
    for salt, event in batch:
        if heads.waiting is None:
            heads.unsealed += 1
            continue
        leaf = hash_of(salt, event)
        index = heads.frontier.size
        if (head := heads.pass_by(event[0], leaf)) is not None:
            signed.append(head)
        yield index, event[0], salt, leaf


def _check_empty(conn: Connection) -> None:
    for table in TABLES:
        row = conn.execute(f"SELECT EXISTS (SELECT 1 FROM {table})".encode()).fetchone()  # noqa: S608  our own names
        if row is not None and row[0]:
            raise NotEmptyError(table)


_EVENTS: Final = """
    COPY ledger_events (position, originator_id, originator_version, topic, state)
    FROM STDIN (FORMAT BINARY)
"""
_GO_ON: Final = "SELECT setval(pg_get_serial_sequence('ledger_events', 'position'), %s)"
