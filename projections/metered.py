"""The columns in which read models count usage: one for each component, in the order of METERED."""

from typing import Final, LiteralString

from psycopg import sql

from domain.usage import INPUT_COMPONENTS, METERED, OUTPUT_COMPONENTS

TOKENS: Final = (*INPUT_COMPONENTS, *OUTPUT_COMPONENTS)

SUMS: Final[LiteralString] = ", ".join([f"sum({name})::bigint AS {name}" for name in METERED])
"""In a query that groups."""

PARTS: Final[dict[str, sql.SQL]] = {
    "metered_columns": sql.SQL(",\n".join([f"{name} bigint NOT NULL" for name in METERED])),
    "metered_types": sql.SQL(", ".join([f"{name} bigint" for name in METERED])),
    "metered_zeros": sql.SQL(", ".join(["0" for _ in METERED])),
    "metered_added": sql.SQL(
        ",\n".join([f"{name} = old.{name} + excluded.{name}" for name in METERED])
    ),
}
"""What the statements of projections may name: in a table, in a record from JSON, as values of
nothing used, and in an upsert onto the row that is there."""
