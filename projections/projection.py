"""What a projection is: a name, a version, the topics it needs, and rows made from events."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, LiteralString

import orjson
from psycopg import Connection, sql

from projections.events import Event
from projections.metered import PARTS


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a projection; `ddl` names its schema `{schema}`, the key finds a row again."""

    name: str
    key: tuple[str, ...]
    ddl: LiteralString


class Projection(ABC):
    """Rows that any prefix of the log gives, and gives again; a new shape is a new version."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    topics: ClassVar[frozenset[str]]
    bare_topics: ClassVar[frozenset[str]] = frozenset()
    """Topics of which only the originator matters: their state is neither sent nor decoded."""
    tables: ClassVar[tuple[Table, ...]]

    @abstractmethod
    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Write what these next events change, within the caller's transaction.

        Raises LogError, or whatever a fact that makes no sense leads to.
        """


@cache
def statement(schema: str, text: LiteralString) -> bytes:
    """Write a statement for the tables of one schema, once."""
    return sql.SQL(text).format(schema=sql.Identifier(schema), **PARTS).as_bytes(None)


def run(conn: Connection, schema: str, text: LiteralString, rows: Sequence[Any]) -> int:
    """Run a statement over rows given as JSON; returns how many rows it changed.

    JSON, because arrays cost the client ten times as much, and it says what is null.
    """
    if not rows:
        return 0
    written = orjson.dumps(rows).decode()
    return conn.execute(statement(schema, text), (written,), prepare=True).rowcount


def copy(
    conn: Connection, schema: str, text: LiteralString, rows: Iterable[tuple[object, ...]]
) -> None:
    """Append rows by COPY, the cheapest way for rows that are only ever added."""
    with conn.cursor() as cursor, cursor.copy(statement(schema, text)) as writer:
        for row in rows:
            writer.write_row(row)
