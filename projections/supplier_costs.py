"""Supplier costs: what each day's calls cost us at which supplier, and what customers paid for it.

No customer ever sees any of this.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from projections.events import Event
from projections.past_events import read_past
from projections.projection import Projection, Table, run, statement
from projections.supplier_calls import TOPICS, Fold, Key, Row, begun_earlier

KEY_NAMES = Key._fields


class SupplierCosts(Projection):
    """Sums by day, supplier, model and customer, and the calls whose outcome is unknown.

    A provider of the catalogue has exactly one credential, so its name stands for that too.
    """

    name = "supplier_costs"
    version = 2
    topics = TOPICS
    tables = (
        Table(
            "supplier_costs",
            (
                "day", "customer_id", "model", "provider", "upstream_model", "outcome", "priced",
                "crossed", "currency",
            ),
            """
            CREATE TABLE {schema}.supplier_costs (
                day date NOT NULL,
                provider text NOT NULL,
                upstream_model text NOT NULL,
                model text NOT NULL,
                customer_id uuid NOT NULL,
                currency text NOT NULL,
                outcome text NOT NULL,
                priced boolean NOT NULL,
                crossed boolean NOT NULL,
                attempts bigint NOT NULL,
                cost bigint NOT NULL,
                charges bigint NOT NULL,
                charged bigint NOT NULL,
                corrected bigint NOT NULL,
                {metered_columns},
                position bigint NOT NULL,
                PRIMARY KEY (day, customer_id, model, provider, upstream_model, outcome, priced,
                             crossed, currency)
            ) WITH (fillfactor = 50)
            """,  # what differs most stands first: a batch meets many customers of one model
        ),
        Table(
            "supplier_unknowns",
            ("request_id",),
            """
            CREATE TABLE {schema}.supplier_unknowns (
                request_id uuid PRIMARY KEY,
                day date NOT NULL,
                model text NOT NULL,
                customer_id uuid NOT NULL,
                input_tokens bigint NOT NULL,
                output_cap bigint NOT NULL,
                position bigint NOT NULL
            )
            """,
        ),
    )  # fmt: skip

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Add up what ended; of a call that began in an earlier batch the log tells how."""
        if not events:
            return
        fold = Fold()
        fold.recall(read_past(conn, begun_earlier(events), events[0].position))
        fold.take(events)
        run(conn, schema, _ADD, [_written(key, row) for key, row in fold.rows.items()])
        run(conn, schema, _LOSE, list(fold.lost.values()))
        if fold.found:
            ids = "{" + ",".join(fold.found) + "}"
            conn.execute(statement(schema, _FIND), (ids,), prepare=True)


def _written(key: Key, row: Row) -> dict[str, Any]:
    """Write a row; the tokens that are left out are none."""
    written: dict[str, Any] = dict(zip(KEY_NAMES, key, strict=True))
    written["attempts"], written["cost"] = row.attempts, row.cost
    written["charges"], written["charged"] = row.charges, row.charged
    written["corrected"], written["position"] = row.corrected, row.position
    written.update(row.tokens)
    return written


_ADD = """
    INSERT INTO {schema}.supplier_costs AS old
    SELECT new.* FROM json_populate_recordset(
        ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0,
            {metered_zeros}, NULL)::{schema}.supplier_costs,
        %s::json
    ) AS new
    ON CONFLICT (day, customer_id, model, provider, upstream_model, outcome, priced, crossed,
                 currency)
    DO UPDATE SET
        attempts = old.attempts + excluded.attempts,
        cost = old.cost + excluded.cost,
        charges = old.charges + excluded.charges,
        charged = old.charged + excluded.charged,
        corrected = old.corrected + excluded.corrected,
        {metered_added},
        position = excluded.position
"""
_LOSE = """
    INSERT INTO {schema}.supplier_unknowns
    SELECT * FROM json_populate_recordset(NULL::{schema}.supplier_unknowns, %s::json)
"""
_FIND = "DELETE FROM {schema}.supplier_unknowns WHERE request_id = ANY(%s::uuid[])"
