"""Reading the log for an export: in windows, as of one moment, whoever goes on writing."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, LiteralString

from psycopg import Connection, sql

from domain.customer import Registered
from projections.events import Event, Fields, event_of, head, with_ancestors
from projections.exports.selection import Task
from projections.upkeep import snapshot, upkeep


@contextmanager
def one_moment(connect: Callable[[], Connection]) -> Generator[tuple[Connection, int]]:
    """See one moment of the log and of the read models; tells the log's position then.

    Takes the owner's connections. Raises BusyError while a rebuild swaps tables.
    """
    with upkeep(connect, shared=True) as conn, snapshot(conn):
        yield conn, head(conn)


def windows(
    task: Task,
    topics: Collection[str],
    *,
    of: str | None = None,
    always: Collection[str] = (),
) -> Iterator[list[Event]]:
    """Read the events of these topics as of the task's position, a window at a time.

    With `of`, only those of that originator, in hex, and those whose topic is in `always`.
    """
    select = sql.SQL(_EVENTS).format(
        topics=_constants(with_ancestors(topics)),
        of=sql.SQL("TRUE") if of is None else sql.SQL("originator_id = {}").format(of),
        always=_constants(with_ancestors(always)),
    )
    query, end = select.as_bytes(None), task.end
    for after in range(0, end, task.window):
        task.progress(after, end)
        upto = min(after + task.window, end)
        rows = task.conn.execute(query, (after, upto), prepare=True, binary=True).fetchall()
        yield [event_of(*row) for row in rows]
    task.progress(end, end)


def looked_up(
    conn: Connection, originators: Iterable[str], topics: Collection[str]
) -> Iterator[Event]:
    """Find the events of these topics in the history of each of these originators, in hex."""
    wanted = "{" + ",".join(set(originators)) + "}"
    if wanted != "{}":
        select = sql.SQL(_LOOK_UP).format(topics=_constants(with_ancestors(topics)))
        rows = conn.execute(select.as_bytes(None), (wanted,), prepare=True, binary=True).fetchall()
        for row in rows:
            yield event_of(*row)


def beginnings(conn: Connection, originators: Iterable[str], topic: str) -> dict[str, Fields]:
    """Find how each of these originators began, by its id in hex."""
    return {event.originator_id: event.fields for event in looked_up(conn, originators, (topic,))}


def wallet_of(conn: Connection, customer_id: str) -> str | None:
    """Find a customer's wallet; ids in hex."""
    found = beginnings(conn, [customer_id], Registered.TOPIC).get(customer_id)
    return found["wallet_id"] if found else None


def _constants(topics: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Literal(topic) for topic in (*sorted(topics), ""))


_EVENTS: Final[LiteralString] = """
    SELECT position, topic, encode(uuid_send(originator_id), 'hex'), state
    FROM public.ledger_events
    WHERE position > %s AND position <= %s
      AND (topic IN ({topics}) AND {of} OR topic IN ({always}))
    ORDER BY position
"""
_LOOK_UP: Final[LiteralString] = """
    SELECT found.position, found.topic, encode(uuid_send(wanted.id), 'hex'), found.state
    FROM unnest(%s::uuid[]) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT position, topic, state FROM public.ledger_events
        WHERE originator_id = wanted.id AND topic IN ({topics})
        ORDER BY originator_version
    ) AS found
"""
"""The lateral order keeps the planner to the index, as when the ledger catches up."""
