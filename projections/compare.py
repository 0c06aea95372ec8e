"""Comparing two shelves row for row, in the database and at one moment."""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection, sql

from projections.projection import Projection, Table

SHOWN_MAX: Final = 20
"""Rows of a table that are told in full; all are counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the log makes of it; None where there should be none, or is none."""

    table: str
    position: int
    """The last event that the row speaks of."""
    expected: dict[str, Any] | None
    found: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a projection's tables compare with what the log makes of them at one position."""

    name: str
    position: int
    rows: int
    different: int
    examples: tuple[Difference, ...]


def compare(
    conn: Connection, projection: Projection, position: int, *, found: str, expected: str
) -> Comparison:
    """Compare the tables of a projection in two schemas, which are both at this position."""
    rows = different = 0
    examples: list[Difference] = []
    for table in projection.tables:
        counted = conn.execute(_query(_COUNT, table, found, expected)).fetchone()
        assert counted is not None, "a count always has a row"
        rows += counted[0]
        different += counted[1]
        if counted[1]:
            shown = conn.execute(_query(_SHOW, table, found, expected), (SHOWN_MAX,))
            examples += [Difference(table.name, *row) for row in shown]
    return Comparison(projection.name, position, rows, different, tuple(examples))


def _query(text: sql.SQL, table: Table, found: str, expected: str) -> sql.Composed:
    return text.format(
        found=sql.Identifier(found, table.name),
        expected=sql.Identifier(expected, table.name),
        key=sql.SQL(", ").join(sql.Identifier(column) for column in table.key),
    )


_COUNT: Final = sql.SQL("""
    SELECT count(*), count(*) FILTER (WHERE ROW(found.*) IS DISTINCT FROM ROW(expected.*))
    FROM {found} AS found FULL JOIN {expected} AS expected USING ({key})
""")
_SHOW: Final = sql.SQL("""
    SELECT coalesce(found.position, expected.position), to_jsonb(expected), to_jsonb(found)
    FROM {found} AS found FULL JOIN {expected} AS expected USING ({key})
    WHERE ROW(found.*) IS DISTINCT FROM ROW(expected.*)
    ORDER BY 1 LIMIT %s
""")
