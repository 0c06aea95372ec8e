"""API keys: what a key may do, and how its secret begins; its name is erasable and elsewhere."""

from collections.abc import Sequence

from psycopg import Connection

from domain import api_key_events as key
from domain.credential import Issued
from projections.events import Event
from projections.projection import Projection, Table, run


class ApiKeys(Projection):
    """One row a key, with the display prefix of its newest credential."""

    name = "api_keys"
    topics = frozenset({key.Created.TOPIC, key.Disabled.TOPIC, Issued.TOPIC})
    tables = (
        Table(
            "api_keys",
            ("key_id",),
            """
            CREATE TABLE {schema}.api_keys (
                key_id uuid PRIMARY KEY,
                customer_id uuid NOT NULL,
                wallet_id uuid NOT NULL,
                display text NOT NULL,
                allowed_models text[] NOT NULL,
                allowed_providers text[] NOT NULL,
                permissions text[] NOT NULL,
                quota_amount bigint,
                quota_window text NOT NULL,
                expires_at timestamptz,
                disabled boolean NOT NULL,
                created_at timestamptz NOT NULL,
                created_position bigint NOT NULL,
                position bigint NOT NULL
            );
            CREATE UNIQUE INDEX ON {schema}.api_keys (customer_id, created_position)
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Add the new ones, then change what has changed."""
        created = [
            {"key_id": e.originator_id, "position": e.position, **e.fields}
            for e in events
            if e.topic == key.Created.TOPIC
        ]
        run(conn, schema, _ADD, created)
        run(conn, schema, _CHANGE, _changes(events))


def _changes(events: Sequence[Event]) -> list[dict[str, object]]:
    """Give each key's last display and whether it was disabled."""
    changes: dict[str, dict[str, object]] = {}
    for event in events:
        if event.topic == Issued.TOPIC:
            key_id, change = event.fields["key_id"], {"display": event.fields["display"]}
        elif event.topic == key.Disabled.TOPIC:
            key_id, change = event.originator_id, {"disabled": True}
        else:
            continue
        row = changes.setdefault(key_id, {"key_id": key_id})
        row.update(change, position=event.position)
    return list(changes.values())


_ADD = """
    INSERT INTO {schema}.api_keys
    SELECT key_id, customer_id, wallet_id, '', allowed_models, allowed_providers, permissions,
           quota_amount, quota_window, expires_at, false, "timestamp", position, position
    FROM json_to_recordset(%s::json) AS created (
        key_id uuid, customer_id uuid, wallet_id uuid, allowed_models text[],
        allowed_providers text[], permissions text[], quota_amount bigint, quota_window text,
        expires_at timestamptz, "timestamp" timestamptz, position bigint
    )
"""
_CHANGE = """
    UPDATE {schema}.api_keys AS old
    SET display = coalesce(new.display, old.display),
        disabled = coalesce(new.disabled, old.disabled),
        position = new.position
    FROM json_to_recordset(%s::json) AS new (
        key_id uuid, display text, disabled boolean, position bigint
    )
    WHERE old.key_id = new.key_id
"""
