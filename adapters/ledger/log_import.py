"""Taking a written log into an empty database: the same bytes at the same positions, or nothing.

LogImportError        the file, or the database, is not as it must be
└── LogLineError      … and this line says so
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

import psycopg
from psycopg import Connection

from adapters.ledger import sql
from adapters.ledger.event_codec import KINDS
from adapters.ledger.log_lines import HEADER, LineError, LogRow, Trailer, read_line
from domain.aggregate import Fact, FirstFact
from domain.upcasters import UPCASTERS

LINE_BYTES_MAX: Final = 1 << 26
"""A longer line is none of ours, and would fill the memory."""
_LINE: Final = re.compile(r"line (\d+)")
_EVERY: Final = 500
"""Lines between two words about progress."""
_SHARD: Final = 0


class LogImportError(Exception):
    """The log cannot be taken in; nothing was written."""


class LogLineError(LogImportError):
    """A line is not what it must be."""

    def __init__(self, line: int, problem: str) -> None:
        self.line = line
        super().__init__(f"line {line}: {problem}")


@dataclass(slots=True)
class LogFile:
    """A written log, read once from front to back; every line is judged on the way."""

    file: BinaryIO
    progress: Callable[[int], None]
    """Is told how many bytes are read."""
    sha256: str | None = None
    """Of the whole file, if its sidecar is there to tell."""
    line: int = 0
    events: int = 0
    last: int = 0
    """The last position."""
    read: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def rows(self) -> Iterator[LogRow]:
        """Give the events in order; raises LogLineError at the first line that cannot be."""
        topics = known_topics()
        if (header := self._next()) != HEADER:
            raise LogLineError(1, "this is no event log of a version that this release reads")
        self._digest.update(header)
        while True:
            line = self._next()
            row = self._parsed(line)
            if isinstance(row, Trailer):
                self._finish(row, line)
                return
            self._check(row, topics)
            self._digest.update(line)
            self.events += 1
            self.last = row.position
            yield row

    def _next(self) -> bytes:
        line = self.file.readline(LINE_BYTES_MAX)
        self.line += 1
        self.read += len(line)
        if not line:
            raise LogLineError(self.line, "the file ends before its trailer: it is cut off")
        if self.line % _EVERY == 0:
            self.progress(self.read)
        return line

    def _parsed(self, line: bytes) -> LogRow | Trailer:
        try:
            return read_line(line)
        except LineError as error:
            raise LogLineError(self.line, str(error)) from None

    def _check(self, row: LogRow, topics: frozenset[str]) -> None:
        if row.topic not in topics:
            raise LogLineError(self.line, f"{row.topic[:60]!r} is no topic of this release")
        if row.position <= self.last:
            problem = f"position {row.position} comes after position {self.last}"
            raise LogLineError(self.line, problem)

    def _finish(self, trailer: Trailer, line: bytes) -> None:
        if trailer != (self.events, self.last, self._digest.hexdigest()):
            problem = "the trailer does not fit: events are missing, added or changed"
            raise LogLineError(self.line, problem)
        if self.file.read(1):
            raise LogLineError(self.line + 1, "something follows the trailer")
        self._digest.update(line)
        if self.sha256 not in {None, self._digest.hexdigest()}:
            raise LogImportError("the file is not the one that its sidecar tells of")
        self.progress(self.read)


def import_log(conn: Connection, log: LogFile) -> None:
    """Take the log in within one transaction, as the owner; `log` then tells what came in.

    Raises LogImportError, and nothing is written, if the database has events already or the file
    is not whole. The database is of today's schema.
    """
    with conn.transaction():
        conn.execute("SET LOCAL statement_timeout = 0")
        conn.execute(sql.LOCK, (_SHARD,))
        found = conn.execute("SELECT EXISTS (SELECT FROM public.ledger_events)").fetchone()
        if found is None or found[0]:
            raise LogImportError("the database has events already; only an empty one takes a log")
        try:
            with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
                copy.set_types(("int8", "uuid", "int8", "text", "bytea"))
                for row in log.rows():
                    copy.write_row(row)
        except psycopg.errors.UniqueViolation as error:
            raise _twice(error) from None
        _check_versions(conn)
        conn.execute(_MOVE_ON, {"last": log.last})


def _twice(error: psycopg.errors.UniqueViolation) -> LogImportError:
    """Name the line; the database counts from the first event."""
    told = _LINE.search(error.diag.context or "")
    assert told is not None, "a failed COPY tells its line"
    return LogLineError(1 + int(told[1]), "this version of its originator is there already")


def known_topics() -> frozenset[str]:
    """Name every topic that this release can read, of its own and of earlier ones."""
    assert len(KINDS) > 1, "importing the aggregates is what makes their topics known"
    return frozenset((*_topics(Fact), *_topics(FirstFact), *UPCASTERS))


def _topics(base: type[Fact | FirstFact]) -> Iterator[str]:
    if base.TOPIC:
        yield base.TOPIC
    for kind in base.__subclasses__():
        yield from _topics(kind)


def _check_versions(conn: Connection) -> None:
    """Raise LogLineError at the first event that is not the next one of its originator.

    The database counts them, so that nobody has to remember every call of a year.
    """
    row = conn.execute(_OUT_OF_SEQUENCE).fetchone()
    if row is not None:
        position, originator_id, version, place = row
        before = conn.execute(_EVENTS_UPTO, (position,)).fetchone()
        line = 1 + (before[0] if before else 0)
        problem = f"version {version} of {originator_id} is where version {place} should be"
        raise LogLineError(line, problem)


_COPY: Final = (
    "COPY public.ledger_events (position, originator_id, originator_version, topic, state)"
    " FROM STDIN (FORMAT binary)"
)
_OUT_OF_SEQUENCE: Final = """
    SELECT position, originator_id, originator_version, place
    FROM (
        SELECT position, originator_id, originator_version,
               row_number() OVER (PARTITION BY originator_id ORDER BY position) AS place
        FROM public.ledger_events
    ) AS placed
    WHERE originator_version <> place
    ORDER BY position LIMIT 1
"""
_EVENTS_UPTO: Final = "SELECT count(*) FROM public.ledger_events WHERE position <= %s"
_MOVE_ON: Final = """
    SELECT setval(pg_get_serial_sequence('public.ledger_events', 'position'), %(last)s)
    WHERE %(last)s > 0
"""
