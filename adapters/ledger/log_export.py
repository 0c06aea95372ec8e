"""Writing the log down, event by event, as of one moment."""

import hashlib
from collections.abc import Callable
from typing import Final

from psycopg import Connection

from adapters.ledger.log_lines import HEADER, LogRow, Trailer, event_line, trailer_line

WINDOW: Final = 4_000
"""Positions read at once."""


def export_log(
    conn: Connection,
    write: Callable[[bytes], object],
    progress: Callable[[int, int], None],
    *,
    window: int = WINDOW,
) -> Trailer:
    """Write the whole log; the connection sees one snapshot. `progress` is told positions."""
    row = conn.execute(_HEAD).fetchone()
    end = int(row[0]) if row else 0
    digest = hashlib.sha256(HEADER)
    write(HEADER)
    events = last = position = 0
    while position < end:
        rows = _window(conn, position, position + window)
        lines = b"".join(map(event_line, rows))
        digest.update(lines)
        write(lines)
        events += len(rows)
        last = rows[-1].position if rows else last
        position += window
        progress(min(position, end), end)
    trailer = Trailer(events, last, digest.hexdigest())
    write(trailer_line(trailer))
    return trailer


def _window(conn: Connection, after: int, upto: int) -> list[LogRow]:
    cursor = conn.execute(_ROWS, (after, upto), prepare=True, binary=True)
    return [LogRow(*row) for row in cursor]


_HEAD: Final = "SELECT coalesce(max(position), 0) FROM public.ledger_events"
_ROWS: Final = """
    SELECT position, originator_id, originator_version, topic, state
    FROM public.ledger_events WHERE position > %s AND position <= %s ORDER BY position
"""
