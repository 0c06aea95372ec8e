"""A shelf: one schema with the tables of projections, and the position that each is at.

`read` is the live one. Another is built beside it and its tables are then moved over.
Whoever writes to a shelf first locks the places, so that nobody else moves or swaps meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from psycopg import Connection, sql

from projections.projection import Projection, statement

LIVE: Final = "read"
NEXT: Final = "read_next"
"""Where the runner builds a new version."""
REBUILT: Final = "read_rebuilt"
"""Where `rebuild` builds the same version again."""
TEMPORARY: Final = "pg_temp"
"""Where `verify` builds what nobody else is to see."""

_INSTALL_LOCK: Final = 0x70115C4F


class Place(NamedTuple):
    """Where a projection of a shelf is in the log."""

    name: str
    version: int
    position: int
    halted_at: int | None
    """The position of an event that it cannot take."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The tables in one schema; `reader` is a role that may look at them."""

    schema: str
    reader: str | None = None

    def create(self, conn: Connection, projections: Iterable[Projection]) -> None:
        """Create what is missing of these projections, empty and at position 0."""
        with conn.transaction():
            if self.schema != TEMPORARY:
                # Creating from several processes at once fails even with IF NOT EXISTS.
                conn.execute("SELECT pg_advisory_xact_lock(%s)", (_INSTALL_LOCK,))
                conn.execute(statement(self.schema, "CREATE SCHEMA IF NOT EXISTS {schema}"))
            conn.execute(statement(self.schema, _PLACES))
            known = {place.name for place in self.places(conn)}
            for projection in projections:
                if projection.name not in known:
                    self._create(conn, projection)
            if self.reader is not None:
                usage = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}")
                role = sql.Identifier(self.reader)
                conn.execute(usage.format(sql.Identifier(self.schema), role))
                self._let_read(conn, "projection_positions")

    def drop(self, conn: Connection) -> None:
        """Throw the whole shelf away."""
        conn.execute(statement(self.schema, "DROP SCHEMA IF EXISTS {schema} CASCADE"))

    def places(self, conn: Connection) -> list[Place]:
        """Tell where each projection is."""
        rows = conn.execute(statement(self.schema, _LOOK), prepare=True)
        return [Place(*row) for row in rows]

    def place(self, conn: Connection, projection: Projection) -> Place | None:
        """Tell where one is, or None if it is of another version or not there at all."""
        for place in self.places(conn):
            if (place.name, place.version) == (projection.name, projection.version):
                return place
        return None

    def exists(self, conn: Connection) -> bool:
        """Tell whether the shelf has ever been created."""
        name = f"{self.schema}.projection_positions"
        row = conn.execute("SELECT to_regclass(%s) IS NOT NULL", (name,)).fetchone()
        return row is not None and bool(row[0])

    def lock(self, conn: Connection, names: Sequence[str]) -> list[Place]:
        """Tell where these are, and keep them there until the end of the transaction."""
        query = statement(self.schema, _LOOK + _LOCK)
        return [Place(*row) for row in conn.execute(query, (list(names),), prepare=True)]

    def move(self, conn: Connection, names: Sequence[str], position: int) -> None:
        """Say how far the rows have come, in the transaction that wrote them."""
        conn.execute(statement(self.schema, _MOVE), (position, list(names)), prepare=True)

    def halt(self, conn: Connection, name: str, position: int | None) -> None:
        """Stop at a bad event, or with None try again."""
        conn.execute(statement(self.schema, _HALT), (position, name))

    def take_over(self, conn: Connection, projection: Projection, source: "Shelf") -> None:
        """Replace a projection's tables by those of another shelf, within a transaction.

        The caller holds the lock of its place on both shelves.
        """
        name = (projection.name,)
        row = conn.execute(statement(self.schema, _TABLES), name).fetchone()
        for table in row[0] if row else ():
            drop = sql.SQL("DROP TABLE {}").format(sql.Identifier(self.schema, table))
            conn.execute(drop)
        for table in projection.tables:
            here, there = sql.Identifier(self.schema), sql.Identifier(source.schema, table.name)
            conn.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(there, here))
        conn.execute(statement(self.schema, "DELETE" + _NAMED), name)
        moved = conn.execute(statement(source.schema, "DELETE" + _NAMED + " RETURNING *"), name)
        insert = "INSERT INTO {schema}.projection_positions VALUES (%s, %s, %s, %s, %s)"
        conn.execute(statement(self.schema, insert), moved.fetchone())
        for table in projection.tables:
            self._let_read(conn, table.name)

    def _create(self, conn: Connection, projection: Projection) -> None:
        for table in projection.tables:
            conn.execute(statement(self.schema, table.ddl))
            self._let_read(conn, table.name)
        insert = "INSERT INTO {schema}.projection_positions VALUES (%s, %s, 0, %s)"
        tables = [table.name for table in projection.tables]
        conn.execute(statement(self.schema, insert), (projection.name, projection.version, tables))

    def _let_read(self, conn: Connection, table: str) -> None:
        if self.reader is not None:
            grant, role = sql.SQL("GRANT SELECT ON {} TO {}"), sql.Identifier(self.reader)
            conn.execute(grant.format(sql.Identifier(self.schema, table), role))


def install(conn: Connection, projections: Iterable[Projection], reader: str) -> None:
    """Create the live read models that are missing, as the owner and from any process."""
    Shelf(LIVE, reader).create(conn, projections)


_PLACES = """
    CREATE TABLE IF NOT EXISTS {schema}.projection_positions (
        name text PRIMARY KEY,
        version int NOT NULL,
        position bigint NOT NULL,
        tables text[] NOT NULL,
        halted_at bigint
    ) WITH (fillfactor = 20)
"""
_LOOK = "SELECT name, version, position, halted_at FROM {schema}.projection_positions"
_LOCK = " WHERE name = ANY(%s) ORDER BY name FOR NO KEY UPDATE"
_MOVE = "UPDATE {schema}.projection_positions SET position = %s WHERE name = ANY(%s)"
_HALT = "UPDATE {schema}.projection_positions SET halted_at = %s WHERE name = %s"
_NAMED = " FROM {schema}.projection_positions WHERE name = %s"
_TABLES = "SELECT tables" + _NAMED
