"""Rebuilding: every read model again from the first event, beside the live one, then in its place.

The runner goes on meanwhile. The copy is brought to the live position inside one snapshot and
compared there; then the place is locked, the last few events are folded, and the tables swapped.
"""

from collections.abc import Callable, Sequence

from psycopg import Connection, sql

from projections.advance import advance
from projections.catalogue import ALL
from projections.compare import Comparison, compare
from projections.events import WINDOW, head
from projections.projection import Projection
from projections.shelf import LIVE, REBUILT, Shelf
from projections.upkeep import Progress, silent, snapshot, upkeep


def rebuild(
    connect: Callable[[], Connection],
    reader: str,
    projections: Sequence[Projection] = ALL,
    *,
    window: int = WINDOW,
    progress: Progress = silent,
) -> list[Comparison]:
    """Rebuild projections and tell how the live ones compared; takes the owner's connections.

    One of another version is only replaced. Raises BusyError, or whatever an event leads to
    that cannot be taken: then all stays as it was.
    """
    live, copy = Shelf(LIVE, reader), Shelf(REBUILT)
    with upkeep(connect, shared=False) as conn:
        live.create(conn, projections)
        copy.drop(conn)
        copy.create(conn, projections)
        _fold(conn, live, copy, projections, window=window, progress=progress)
        same = [projection for projection in projections if live.place(conn, projection)]
        compared = [_compare(conn, live, copy, projection, window) for projection in same]
        for projection in projections:
            _swap(conn, live, copy, projection, window)
        copy.drop(conn)
    return compared


def _fold(
    conn: Connection,
    live: Shelf,
    copy: Shelf,
    projections: Sequence[Projection],
    *,
    window: int,
    progress: Progress,
) -> None:
    """Bring each copy to where its live one was when this began, reading the log once."""
    targets = {projection: _target(conn, live, projection) for projection in projections}
    last = max(targets.values(), default=0)
    progress(0, last)
    for target in sorted(set(targets.values())):
        further = [projection for projection in projections if targets[projection] >= target]
        while not advance(conn, copy, further, window=window, upto=target):
            progress(max(place.position for place in copy.places(conn)), last)
    progress(last, last)
    for projection in projections:
        for table in projection.tables:
            # The planner must know the size of what it is about to compare and to serve.
            conn.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(copy.schema, table.name)))


def _compare(
    conn: Connection, live: Shelf, copy: Shelf, projection: Projection, window: int
) -> Comparison:
    """Compare at the position that the live one has in a snapshot, whoever goes on writing."""
    with snapshot(conn):
        position = _catch_up(conn, live, copy, projection, window)
        return compare(conn, projection, position, found=live.schema, expected=copy.schema)


def _swap(conn: Connection, live: Shelf, copy: Shelf, projection: Projection, window: int) -> None:
    """Take the live one's place at its very position, so that the runner just goes on."""
    _catch_up(conn, live, copy, projection, window)
    with conn.transaction():
        live.lock(conn, [projection.name])
        _catch_up(conn, live, copy, projection, window)
        live.take_over(conn, projection, copy)


def _catch_up(
    conn: Connection, live: Shelf, copy: Shelf, projection: Projection, window: int
) -> int:
    """Fold what has come since; returns the live one's position."""
    position = _target(conn, live, projection)
    while not advance(conn, copy, [projection], window=window, upto=position):
        continue
    return position


def _target(conn: Connection, live: Shelf, projection: Projection) -> int:
    """Tell how far to go: to the live one, or to the log's end where that is another version."""
    place = live.place(conn, projection)
    return head(conn) if place is None else place.position
