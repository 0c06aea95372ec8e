"""Customers: who there is; names are erasable, so they are joined when read."""

from collections.abc import Sequence

from psycopg import Connection

from domain.customer import Registered
from projections.events import Event
from projections.projection import Projection, Table, run


class Customers(Projection):
    """One row a customer."""

    name = "customers"
    topics = frozenset({Registered.TOPIC})
    tables = (
        Table(
            "customers",
            ("customer_id",),
            """
            CREATE TABLE {schema}.customers (
                customer_id uuid PRIMARY KEY,
                wallet_id uuid NOT NULL UNIQUE,
                currency text NOT NULL,
                created_at timestamptz NOT NULL,
                position bigint NOT NULL UNIQUE
            )
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Add the new ones."""
        rows = [
            {"customer_id": e.originator_id, "position": e.position, **e.fields} for e in events
        ]
        run(conn, schema, _ADD, rows)


_ADD = """
    INSERT INTO {schema}.customers (customer_id, wallet_id, currency, created_at, position)
    SELECT customer_id, wallet_id, currency, "timestamp", position
    FROM json_to_recordset(%s::json) AS registered (
        customer_id uuid, wallet_id uuid, currency text, "timestamp" timestamptz, position bigint
    )
"""
