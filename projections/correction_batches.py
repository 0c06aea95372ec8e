"""Correction batches: what each announced, and how much of it is done."""

from collections.abc import Sequence

from psycopg import Connection

from domain import wallet_events as wallet
from domain.correction_batch import Completed, Opened
from projections.events import Event, Fields
from projections.projection import Projection, Table, run


class CorrectionBatches(Projection):
    """One row a batch."""

    name = "correction_batches"
    topics = frozenset({Opened.TOPIC, Completed.TOPIC, wallet.Corrected.TOPIC})
    tables = (
        Table(
            "correction_batches",
            ("batch_id",),
            """
            CREATE TABLE {schema}.correction_batches (
                batch_id uuid PRIMARY KEY,
                price_version text NOT NULL,
                selector jsonb NOT NULL,
                count int NOT NULL,
                amount bigint NOT NULL,
                done_count int NOT NULL,
                done_amount bigint NOT NULL,
                completed boolean NOT NULL,
                actor text NOT NULL,
                opened_at timestamptz NOT NULL,
                position bigint NOT NULL
            )
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Add the new ones, then count what was corrected."""
        opened = [
            {"batch_id": e.originator_id, "position": e.position, **e.fields}
            for e in events
            if e.topic == Opened.TOPIC
        ]
        run(conn, schema, _OPEN, opened)
        run(conn, schema, _COUNT, _counted(events))


def _counted(events: Sequence[Event]) -> list[Fields]:
    """Sum up by batch what these events say of earlier announcements."""
    counted: dict[str, Fields] = {}
    for event in events:
        if event.topic == Completed.TOPIC:
            batch_id, amount, done = event.originator_id, 0, 0
        elif event.topic == wallet.Corrected.TOPIC and event.fields["batch_id"]:
            batch_id, amount, done = event.fields["batch_id"], event.fields["amount"], 1
        else:
            continue
        row = counted.setdefault(
            batch_id, {"batch_id": batch_id, "count": 0, "amount": 0, "completed": False}
        )
        row["count"] += done
        row["amount"] += amount
        row["completed"] |= event.topic == Completed.TOPIC
        row["position"] = event.position
    return list(counted.values())


_OPEN = """
    INSERT INTO {schema}.correction_batches
    SELECT batch_id, price_version, selector, count, amount, 0, 0, false, actor, "timestamp",
           position
    FROM json_to_recordset(%s::json) AS opened (
        batch_id uuid, price_version text, selector jsonb, count int, amount bigint, actor text,
        "timestamp" timestamptz, position bigint
    )
"""
_COUNT = """
    UPDATE {schema}.correction_batches AS old
    SET done_count = old.done_count + new.count,
        done_amount = old.done_amount + new.amount,
        completed = old.completed OR new.completed,
        position = new.position
    FROM json_to_recordset(%s::json) AS new (
        batch_id uuid, count int, amount bigint, completed boolean, position bigint
    )
    WHERE old.batch_id = new.batch_id
"""
