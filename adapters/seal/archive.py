"""The copy outside the database: every head, and the log in segments that never change.

    heads.ndjson            one signed head a line, in order
    log-<from>-<to>.ndjson  the events of these positions, both included, each with its salt

A segment appears whole or not at all, and before the head that covers it. Each begins where the
one before ended, whatever gaps the positions have, so that a lost one is missed by its name.
"""

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple
from uuid import UUID

import orjson
from psycopg import Connection

from adapters.seal import store
from adapters.seal.errors import SealBrokenError
from domain.leaf import SALT_BYTES, Stored, hash_of
from domain.tree_head import TreeHead

HEADS: Final = "heads.ndjson"
SEGMENT_EVENTS: Final = 50_000
_ROWS_AT_ONCE: Final = 2_000
_HEADS_AT_ONCE: Final = 1_000
_TAIL_BYTES: Final = 4_096
"""More than two heads, so that the last whole one is in it."""
_COPY_LOCK: Final = 0x70115C59

_SEGMENT = re.compile(r"log-(\d{16})-(\d{16})\.ndjson", re.ASCII)


class Segment(NamedTuple):
    """A file of the log's copy, by the positions that it speaks for."""

    first: int
    last: int
    path: Path


class ArchiveError(SealBrokenError, ValueError):
    """The copy is incomplete or is not what was written."""


class Archive:
    """A folder that somebody else keeps; it must be there already, so that a lost mount shows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def newest(self) -> TreeHead | None:
        """Read the last whole head; raises OSError or ArchiveError."""
        head, _ = self._tail()
        return head

    def follow(self, conn: Connection) -> None:
        """Copy what the database has sealed and the folder lacks, unless another is at it."""
        got = conn.execute("SELECT pg_try_advisory_lock(%s)", (_COPY_LOCK,)).fetchone()
        if got is None or not got[0]:
            return
        try:
            head = store.newest_head(conn)
            if head is not None:
                self._copy_log(conn, head.position)
                self._copy_heads(conn)
        finally:
            conn.execute("SELECT pg_advisory_unlock(%s)", (_COPY_LOCK,))

    def _copy_log(self, conn: Connection, upto: int) -> None:
        # Listed each time: another process may have gone on meanwhile.
        found = segments(self.folder)
        copied = found[-1].last if found else 0
        while copied < upto:
            copied = self._write_segment(conn, copied, upto)

    def _write_segment(self, conn: Connection, after: int, upto: int) -> int:
        partial = self.folder / ".log.partial"
        with partial.open("wb") as out:
            last = _write_events(conn, out, after, upto)
            out.flush()
            os.fsync(out.fileno())
        partial.rename(self.folder / f"log-{after + 1:016d}-{last:016d}.ndjson")
        _sync_folder(self.folder)
        return last

    def _copy_heads(self, conn: Connection) -> None:
        last, torn = self._tail()
        size = last.tree_size if last else 0
        while heads := store.heads_after(conn, size, _HEADS_AT_ONCE):
            lines = b"".join(head.line for head in heads)
            # What a crash has torn is completed, never taken back: the folder may refuse that.
            if not lines.startswith(torn):
                break
            _append(self.folder / HEADS, lines[len(torn) :])
            size, torn = heads[-1].tree_size, b""
        if torn:
            message = f"{HEADS} ends with half a line that begins no head of the database."
            raise ArchiveError(message)

    def _tail(self) -> tuple[TreeHead | None, bytes]:
        """Read the last whole head, and what stands after it."""
        if not self.folder.is_dir():
            message = f"There is no folder {self.folder}."
            raise FileNotFoundError(message)
        try:
            with (self.folder / HEADS).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                whole, newline, torn = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return None, b""
        return (_head(whole.rpartition(b"\n")[2] + newline) if newline else None), torn


def segments(folder: Path) -> list[Segment]:
    """List the copy's files in order; raises ArchiveError if one is missing between them."""
    names = sorted(path for path in folder.iterdir() if _SEGMENT.fullmatch(path.name))
    found = [_segment(path) for path in names]
    expected = 1
    for segment in found:
        if segment.first != expected or segment.last < segment.first:
            message = f"The log's copy has no file that begins with position {expected}."
            raise ArchiveError(message)
        expected = segment.last + 1
    return found


def read_log(folder: Path) -> Iterator[tuple[bytes, Stored]]:
    """Read every copied event with its salt; raises ArchiveError at what was not written so."""
    for segment in segments(folder):
        last = segment.first - 1
        with segment.path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                salt, event = _event(line, segment.path.name, number)
                if not last < event[0] <= segment.last:
                    message = f"{segment.path.name}, line {number}: out of order."
                    raise ArchiveError(message)
                last = event[0]
                yield salt, event
        if last != segment.last:
            message = f"{segment.path.name} ends at position {last}."
            raise ArchiveError(message)


def read_heads(folder: Path) -> Iterator[TreeHead]:
    """Read every copied head; a torn last line is left out. Raises ArchiveError."""
    path = folder / HEADS
    if not path.exists():
        return
    size = 0
    with path.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                return
            head = _head(line)
            if head.tree_size <= size:
                message = f"{HEADS}: the head of {head.tree_size} events is out of order."
                raise ArchiveError(message)
            size = head.tree_size
            yield head


def _segment(path: Path) -> Segment:
    matched = _SEGMENT.fullmatch(path.name)
    assert matched is not None, "it was matched before"
    return Segment(int(matched[1]), int(matched[2]), path)


def _write_events(conn: Connection, out: BinaryIO, after: int, upto: int) -> int:
    """Write the next events, as many as a segment holds; gives the last one's position."""
    last, left = after, SEGMENT_EVENTS
    while left and last < upto:
        rows = conn.execute(_SEALED, (last, upto, min(left, _ROWS_AT_ONCE)), binary=True).fetchall()
        if not rows:
            message = f"The seal's own tables lack what was sealed after position {last}."
            raise SealBrokenError(message)
        for position, salt, sealed, *event in rows:
            stored: Stored = (position, *event)
            if event[0] is None or hash_of(salt, stored) != sealed:
                message = f"The event at position {position} is not what was sealed."
                raise SealBrokenError(message)
            out.write(_line(salt, stored))
        last, left = rows[-1][0], left - len(rows)
    return last


def _line(salt: bytes, event: Stored) -> bytes:
    position, originator_id, version, topic, state = event
    fields = {
        "position": position,
        "originator_id": originator_id.hex(),
        "version": version,
        "topic": topic,
        "state": b64encode(state).decode(),
        "salt": salt.hex(),
    }
    return orjson.dumps(fields) + b"\n"


def _event(line: bytes, name: str, number: int) -> tuple[bytes, Stored]:
    try:
        fields: dict[str, Any] = orjson.loads(line)
        salt, originator_id = bytes.fromhex(fields["salt"]), UUID(fields["originator_id"]).bytes
        state = b64decode(fields["state"], validate=True)
        event = (fields["position"], originator_id, fields["version"], fields["topic"], state)
        whole = type(event[0]) is type(event[2]) is int and isinstance(event[3], str)
        sound = whole and len(salt) == SALT_BYTES and line == _line(salt, event)
    except (LookupError, TypeError, ValueError, AttributeError):
        sound, salt, event = False, b"", (0, b"", 0, "", b"")
    if not sound:
        message = f"{name}, line {number}: not an event as it was written."
        raise ArchiveError(message)
    return salt, event


def _head(line: bytes) -> TreeHead:
    try:
        return TreeHead.read(line)
    except ValueError as error:
        message = f"{HEADS}: {error}."
        raise ArchiveError(message) from None


def _append(path: Path, data: bytes) -> None:
    is_new = not path.exists()
    with path.open("ab") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    if is_new:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_SEALED = """
    SELECT leaf.position, salt, hash, uuid_send(originator_id), originator_version, topic, state
    FROM seal_leaves AS leaf LEFT JOIN ledger_events AS event USING (position)
    WHERE leaf.position > %s AND leaf.position <= %s ORDER BY leaf.position LIMIT %s
"""
