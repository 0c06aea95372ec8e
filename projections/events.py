"""The log as projections read it: in windows of positions, and only what they need of it."""

from collections.abc import Iterable
from typing import Any, Final, LiteralString, NamedTuple

import orjson
from psycopg import Connection, sql

from domain.upcasters import UPCASTERS

WINDOW: Final = 4_000
"""Positions read at once; some 700 calls, and a transaction of well under a second."""

CHANNEL: Final = "tollbook_catch_up"
"""Where a reader that waits asks for the next batch at once."""

Fields = dict[str, Any]
"""A fact's state as the log holds it: ids in hex, times as text, amounts in nanos."""


class Event(NamedTuple):
    """A fact without its class: a fold needs three fields of it, a million times."""

    position: int
    topic: str
    originator_id: str
    """In hex without dashes, as the facts name each other."""
    fields: Fields


class Log:
    """Reads these topics; of the bare ones only that they happened, which spares their state."""

    def __init__(self, topics: Iterable[str], bare: Iterable[str] = ()) -> None:
        whole = with_ancestors(topics)
        happened = with_ancestors(bare) - whole
        self._bare = happened
        self._select = sql.SQL(_WINDOW).format(
            bare=_in(happened), condition=sql.SQL("AND topic IN ({})").format(_in(whole | happened))
        ).as_bytes(None)  # fmt: skip

    def window(self, conn: Connection, after: int, upto: int) -> list[Event]:
        """Read the events of a range of positions, in order."""
        rows = conn.execute(self._select, (after, upto), prepare=True, binary=True).fetchall()
        return [event_of(*row) for row in rows]


class WholeLog:
    """Reads everything, as an audit must."""

    def window(
        self, conn: Connection, after: int, upto: int
    ) -> list[tuple[int, str, str, bytes, int]]:
        """Read the stored events of a range of positions, in order and not yet decoded.

        Each is its position, topic, originator in hex, state and version.
        """
        return conn.execute(_WHOLE_WINDOW, (after, upto), prepare=True, binary=True).fetchall()


def event_of(position: int, topic: str, originator_id: str, state: bytes | None) -> Event:
    """Decode a stored event of any release; one without a state stays bare."""
    fields: Fields = orjson.loads(state) if state is not None else {}
    while topic in UPCASTERS:
        topic, upcast = UPCASTERS[topic]
        if state is not None:
            fields = upcast(fields)
    return Event(position, topic, originator_id, fields)


def head(conn: Connection) -> int:
    """Tell the log's last position; all up to it is committed, since appends are in a row."""
    row = conn.execute(HEAD, prepare=True).fetchone()
    return int(row[0]) if row else 0


HEAD: Final = "SELECT coalesce(max(position), 0) FROM public.ledger_events"

_WINDOW: Final[LiteralString] = """
    SELECT position, topic, encode(uuid_send(originator_id), 'hex'),
           CASE WHEN topic NOT IN ({bare}) THEN state END
    FROM public.ledger_events
    WHERE position > %s AND position <= %s {condition}
    ORDER BY position
"""

_WHOLE_WINDOW: Final = """
    SELECT position, topic, encode(uuid_send(originator_id), 'hex'), state, originator_version
    FROM public.ledger_events
    WHERE position > %s AND position <= %s
    ORDER BY position
"""


def _in(topics: Iterable[str]) -> sql.Composed:
    """Write topics as constants: only then does PostgreSQL hash them instead of comparing each."""
    return sql.SQL(", ").join(sql.Literal(topic) for topic in (*sorted(topics), ""))


def with_ancestors(topics: Iterable[str]) -> set[str]:
    """Add the topics of earlier releases that are read as these."""
    wanted = set(topics)
    for old in UPCASTERS:
        today = old
        while today in UPCASTERS:
            today = UPCASTERS[today][0]
        if today in wanted:
            wanted.add(old)
    return wanted
