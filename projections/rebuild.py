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
        _fold(conn, live, copy, projections, window, progress)
        same = [projection for projection in projections if live.place(conn, projection)]
        compared = [_compare(conn, live, copy, projection) for projection in same]
        for projection in projections:
            _swap(conn, live, copy, projection)
        copy.drop(conn)
    return compared


def _fold(
    conn: Connection,
    live: Shelf,
    copy: Shelf,
    projections: Sequence[Projection],
    window: int,
    progress: Progress,
) -> None:
    """Bring all copies to where the least advanced of the live ones was when this began."""
    target = min((_target(conn, live, projection) for projection in projections), default=0)
    progress(0, target)
    while not advance(conn, copy, projections, window=window, upto=target):
        progress(max(place.position for place in copy.places(conn)), target)
    progress(target, target)
    for projection in projections:
        for table in projection.tables:
            # The planner must know the size of what it is about to compare and to serve.
            conn.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(copy.schema, table.name)))


def _compare(conn: Connection, live: Shelf, copy: Shelf, projection: Projection) -> Comparison:
    """Compare at the position that the live one has in a snapshot, whoever goes on writing."""
    with snapshot(conn):
        position = _target(conn, live, projection)
        _catch_up(conn, copy, projection, position)
        return compare(conn, projection, position, found=live.schema, expected=copy.schema)


def _swap(conn: Connection, live: Shelf, copy: Shelf, projection: Projection) -> None:
    """Take the live one's place at its very position, so that the runner just goes on."""
    with conn.transaction():
        live.lock(conn, [projection.name])
        _catch_up(conn, copy, projection, _target(conn, live, projection))
        live.take_over(conn, projection, copy)


def _catch_up(conn: Connection, copy: Shelf, projection: Projection, position: int) -> None:
    """Fold the little that has come since; in one batch, for it is in one transaction anyway."""
    advance(conn, copy, [projection], window=position + 1, upto=position)


def _target(conn: Connection, live: Shelf, projection: Projection) -> int:
    """Tell how far to go: to the live one, or to the log's end where that is another version."""
    place = live.place(conn, projection)
    return head(conn) if place is None else place.position
