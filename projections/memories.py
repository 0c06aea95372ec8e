"""Memories: for how long each customer has conversations remembered that nobody uses."""

from collections.abc import Sequence

from psycopg import Connection

from domain.customer import ContextChanged
from projections.events import Event
from projections.projection import Projection, Table, run


class Memories(Projection):
    """One row a customer who ever said so."""

    name = "memories"
    topics = frozenset({ContextChanged.TOPIC})
    tables = (
        Table(
            "memories",
            ("customer_id",),
            """
            CREATE TABLE {schema}.memories (
                customer_id uuid PRIMARY KEY,
                memory_days int,
                position bigint NOT NULL
            )
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Write what each customer of these events said last."""
        latest = {e.originator_id: e for e in events}
        rows = [
            {"customer_id": e.originator_id, "position": e.position, **e.fields}
            for e in latest.values()
        ]
        run(conn, schema, _PUT, rows)


_PUT = """
    INSERT INTO {schema}.memories
    SELECT customer_id, memory_days, position
    FROM json_to_recordset(%s::json) AS said (customer_id uuid, memory_days int, position bigint)
    ON CONFLICT (customer_id) DO UPDATE
    SET memory_days = excluded.memory_days, position = excluded.position
"""
