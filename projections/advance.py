"""One batch: lock the places, read the log after them, fold, write rows and position, commit.

Whatever happens in between, the rows and the position stand or fall together.
"""

import logging
from collections.abc import Sequence
from functools import cache
from itertools import groupby

import psycopg
from psycopg import Connection

from projections.events import WINDOW, Event, Log, head
from projections.projection import Projection
from projections.shelf import Place, Shelf

_log = logging.getLogger("tollbook.projections")


def advance(
    conn: Connection,
    shelf: Shelf,
    projections: Sequence[Projection],
    *,
    window: int = WINDOW,
    upto: int | None = None,
) -> bool:
    """Bring projections of a shelf forward by one window; tells whether they have arrived.

    `upto` is a position to stop at, instead of the log's end. A failure changes nothing.
    """
    by_name = {projection.name: projection for projection in projections}
    with conn.transaction():
        places = shelf.lock(conn, list(by_name))
        end = head(conn) if upto is None else upto
        arrived = True
        for position, names in _together(places, by_name):
            target = min(end, position + window)
            if target > position:
                project(conn, shelf, [by_name[name] for name in names], position, target)
                arrived = arrived and target == end
    return arrived


def project(
    conn: Connection, shelf: Shelf, projections: Sequence[Projection], after: int, upto: int
) -> None:
    """Take projections that are at the same position to the next, reading the log once."""
    events = _log_for(tuple(projections)).window(conn, after, upto)
    for projection in projections:
        projection.project(conn, shelf.schema, wanted(projection, events))
    shelf.move(conn, [projection.name for projection in projections], upto)


def wanted(projection: Projection, events: Sequence[Event]) -> list[Event]:
    """Pick the events of a projection's topics."""
    topics = projection.topics | projection.bare_topics
    return [event for event in events if event.topic in topics]


def step(
    conn: Connection,
    shelf: Shelf,
    projections: Sequence[Projection],
    *,
    window: int = WINDOW,
    upto: int | None = None,
) -> bool:
    """Advance all; if that fails, each alone, so that only the one at fault is halted.

    Tells whether all have arrived. Raises psycopg.Error when it is the database that fails.
    """
    try:
        return advance(conn, shelf, projections, window=window, upto=upto)
    except Exception as error:
        if _of_the_database(conn, error):
            raise
        _log.exception("a batch failed, trying each projection alone")
        alone = [_alone(conn, shelf, projection, window, upto) for projection in projections]
        return all(alone)


def _alone(
    conn: Connection, shelf: Shelf, projection: Projection, window: int, upto: int | None
) -> bool:
    """Advance by ever smaller windows until the event at fault stands alone, and halt there."""
    while True:
        try:
            return advance(conn, shelf, [projection], window=window, upto=upto)
        except Exception as error:
            if _of_the_database(conn, error):
                raise
            if window > 1:
                window //= 2
                continue
            place = shelf.place(conn, projection)
            assert place is not None, "only what is there can have failed"
            shelf.halt(conn, projection.name, place.position + 1)
            fault = {"projection": projection.name, "position": place.position + 1}
            _log.exception("a projection cannot take an event and is halted", extra=fault)
            return True


def _of_the_database(conn: Connection, error: Exception) -> bool:
    """Tell a database that is gone, full or busy from an event that cannot be taken."""
    return isinstance(error, psycopg.OperationalError) or conn.closed


def _together(
    places: Sequence[Place], by_name: dict[str, Projection]
) -> list[tuple[int, list[str]]]:
    """Group the projections that can go on by the position that they are at."""
    able = [
        (place.position, place.name)
        for place in places
        if place.halted_at is None and place.version == by_name[place.name].version
    ]
    groups = groupby(sorted(able), key=lambda entry: entry[0])
    return [(position, [name for _, name in group]) for position, group in groups]


@cache
def _log_for(projections: tuple[Projection, ...]) -> Log:
    whole = frozenset[str]().union(*(projection.topics for projection in projections))
    bare = frozenset[str]().union(*(projection.bare_topics for projection in projections))
    return Log(whole, bare)
