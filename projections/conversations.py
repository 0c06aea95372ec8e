"""Conversations: whose each is and what it is called; its texts are erasable and elsewhere."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection

from domain.conversation import ACTIVE, ARCHIVED, Archived, Changed, Label, Started
from projections.events import Event
from projections.projection import Projection, Table, run


class Conversations(Projection):
    """One row a conversation; what its calls came to is in `conversation_usage`."""

    name = "conversations"
    topics = frozenset({Started.TOPIC, Changed.TOPIC, Archived.TOPIC})
    tables = (
        Table(
            "conversations",
            ("conversation_id",),
            """
            CREATE TABLE {schema}.conversations (
                conversation_id uuid PRIMARY KEY,
                customer_id uuid NOT NULL,
                title_id uuid,
                metadata_id uuid,
                model text,
                status text NOT NULL,
                created_at timestamptz NOT NULL,
                updated_at timestamptz NOT NULL,
                created_position bigint NOT NULL,
                position bigint NOT NULL
            ) WITH (fillfactor = 85);
            CREATE UNIQUE INDEX ON {schema}.conversations (customer_id, created_position)
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Write each conversation of these events as the last of them leaves it."""
        run(conn, schema, _ADD, _begun(events))
        run(conn, schema, _CHANGE, _changed(events))


def _begun(events: Iterable[Event]) -> list[dict[str, Any]]:
    return [
        {"conversation_id": e.originator_id, "position": e.position, **e.fields, "status": ACTIVE}
        for e in events
        if e.topic == Started.TOPIC
    ]


def _changed(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Give each changed conversation's last label, if it has another, and its status."""
    changes: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.topic == Started.TOPIC:
            continue
        row = changes.setdefault(event.originator_id, {"conversation_id": event.originator_id})
        row.update(updated_at=event.fields["timestamp"], position=event.position)
        if event.topic == Archived.TOPIC:
            row["status"] = ARCHIVED
        else:
            row.update({name: event.fields[name] for name in Label.__slots__}, labelled=True)
    return list(changes.values())


_ADD = """
    INSERT INTO {schema}.conversations
    SELECT conversation_id, customer_id, title_id, metadata_id, model, status, "timestamp",
           "timestamp", position, position
    FROM json_to_recordset(%s::json) AS started (
        conversation_id uuid, customer_id uuid, title_id uuid, metadata_id uuid, model text,
        status text, "timestamp" timestamptz, position bigint
    )
"""
_CHANGE = """
    UPDATE {schema}.conversations AS old
    SET title_id = CASE WHEN new.labelled THEN new.title_id ELSE old.title_id END,
        metadata_id = CASE WHEN new.labelled THEN new.metadata_id ELSE old.metadata_id END,
        model = CASE WHEN new.labelled THEN new.model ELSE old.model END,
        status = coalesce(new.status, old.status),
        updated_at = new.updated_at,
        position = new.position
    FROM json_to_recordset(%s::json) AS new (
        conversation_id uuid, labelled bool, title_id uuid, metadata_id uuid, model text,
        status text, updated_at timestamptz, position bigint
    )
    WHERE old.conversation_id = new.conversation_id
"""
