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
    version = 2
    topics = frozenset(
        {
            key.Created.TOPIC,
            key.Changed.TOPIC,
            key.Renamed.TOPIC,
            key.Disabled.TOPIC,
            Issued.TOPIC,
        }
    )
    tables = (
        Table(
            "api_keys",
            ("key_id",),
            """
            CREATE TABLE {schema}.api_keys (
                key_id uuid PRIMARY KEY,
                customer_id uuid NOT NULL,
                wallet_id uuid NOT NULL,
                name_id uuid NOT NULL,
                display text NOT NULL,
                credential_id uuid,
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
    """Give what became of each key, the last of each."""
    changes: dict[str, dict[str, object]] = {}
    for event in events:
        fact, key_id = event.fields, event.originator_id
        if event.topic == Issued.TOPIC:
            key_id = fact["key_id"]
            change = {"display": fact["display"], "credential_id": event.originator_id}
        elif event.topic == key.Disabled.TOPIC:
            change = {"disabled": True}
        elif event.topic == key.Renamed.TOPIC:
            change = {"name_id": fact["name_id"]}
        elif event.topic == key.Changed.TOPIC:
            change = {"changed": True, **{name: fact[name] for name in _TERMS}}
        else:
            continue
        row = changes.setdefault(key_id, {"key_id": key_id})
        row.update(change, position=event.position)
    return list(changes.values())


_TERMS = (
    "allowed_models",
    "allowed_providers",
    "permissions",
    "quota_amount",
    "quota_window",
    "expires_at",
)
_ADD = """
    INSERT INTO {schema}.api_keys (
        key_id, customer_id, wallet_id, name_id, display, allowed_models, allowed_providers,
        permissions, quota_amount, quota_window, expires_at, disabled, created_at,
        created_position, position
    )
    SELECT key_id, customer_id, wallet_id, key_id, '', allowed_models, allowed_providers,
           permissions, quota_amount, quota_window, expires_at, false, "timestamp", position,
           position
    FROM json_to_recordset(%s::json) AS created (
        key_id uuid, customer_id uuid, wallet_id uuid, allowed_models text[],
        allowed_providers text[], permissions text[], quota_amount bigint, quota_window text,
        expires_at timestamptz, "timestamp" timestamptz, position bigint
    )
"""
_CHANGE = """
    UPDATE {schema}.api_keys AS old
    SET display = coalesce(new.display, old.display),
        credential_id = coalesce(new.credential_id, old.credential_id),
        name_id = coalesce(new.name_id, old.name_id),
        disabled = coalesce(new.disabled, old.disabled),
        allowed_models = coalesce(new.allowed_models, old.allowed_models),
        allowed_providers = coalesce(new.allowed_providers, old.allowed_providers),
        permissions = coalesce(new.permissions, old.permissions),
        quota_window = coalesce(new.quota_window, old.quota_window),
        quota_amount = CASE WHEN new.changed THEN new.quota_amount ELSE old.quota_amount END,
        expires_at = CASE WHEN new.changed THEN new.expires_at ELSE old.expires_at END,
        position = new.position
    FROM json_to_recordset(%s::json) AS new (
        key_id uuid, display text, credential_id uuid, name_id uuid, disabled boolean,
        changed boolean, allowed_models text[], allowed_providers text[], permissions text[],
        quota_amount bigint, quota_window text, expires_at timestamptz, position bigint
    )
    WHERE old.key_id = new.key_id
"""
