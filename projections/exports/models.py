"""Exports of read models: brought up to the log first, whether or not anybody follows it."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from psycopg import Connection, sql

from projections.advance import step
from projections.events import WINDOW
from projections.exports.errors import ExportRefusedError
from projections.projection import Projection
from projections.shelf import LIVE, Shelf
from projections.upkeep import snapshot, upkeep


def follow(
    conn: Connection, reader: str, projections: Sequence[Projection], *, window: int = WINDOW
) -> None:
    """Bring read models up to the log, on the owner's connection, beside whoever else does.

    `reader` is the role that the gateway reads as. Raises ExportRefusedError if one cannot follow.
    """
    shelf = Shelf(LIVE, reader)
    shelf.create(conn, projections)
    while not step(conn, shelf, projections, window=window):
        continue
    for projection in projections:
        _position(conn, shelf, projection)


@contextmanager
def models_at_one_moment(
    connect: Callable[[], Connection], reader: str, projections: Sequence[Projection]
) -> Generator[tuple[Connection, int]]:
    """See one moment of these read models, and tell the position that they are at.

    Takes the owner's connections. Raises BusyError while a rebuild swaps tables, and whatever
    `follow` does.
    """
    with upkeep(connect, shared=True) as conn:
        follow(conn, reader, projections)
        with snapshot(conn):
            # Taken before the moment is: a new version's tables cannot take their place now.
            for table in (table for projection in projections for table in projection.tables):
                name = sql.Identifier(LIVE, table.name)
                conn.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(name))
            shelf = Shelf(LIVE)
            yield conn, min(_position(conn, shelf, projection) for projection in projections)


def _position(conn: Connection, shelf: Shelf, projection: Projection) -> int:
    place = shelf.place(conn, projection)
    if place is None or place.halted_at is not None:
        raise ExportRefusedError(
            f"the read model {projection.name} does not follow the log; see 'tollbook verify'"
        )
    return place.position
