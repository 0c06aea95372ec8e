"""The statements of the append protocol."""

from typing import Final

LOCK: Final = "SELECT pg_advisory_xact_lock(1953459308, %s)"
"""One lock a shard (the first number is this program's): all appends of a shard are in a row."""

CLOCK: Final = """
    SELECT clock_timestamp(), (SELECT state FROM ledger_events ORDER BY position DESC LIMIT 1)
"""

NEWER_EVENTS: Final = """
    SELECT e.originator_id, e.originator_version, e.topic, e.state
    FROM unnest(%b::uuid[], %b::bigint[]) AS known (id, version)
    CROSS JOIN LATERAL (
        SELECT originator_id, originator_version, topic, state FROM ledger_events
        WHERE originator_id = known.id AND originator_version > known.version
        ORDER BY originator_version
    ) AS e
"""
"""The lateral order keeps the planner to the index: a plain join was planned as a full scan."""

INSERT: Final = """
    INSERT INTO ledger_events (originator_id, originator_version, topic, state)
    SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[])
"""

ONE_EVENT: Final = """
    SELECT topic, state FROM ledger_events WHERE originator_id = %s AND originator_version = %s
"""

SNAPSHOTS: Final = """
    SELECT originator_id, originator_version, topic, state FROM ledger_snapshots
    WHERE originator_id = ANY(%s)
"""

SAVE_SNAPSHOT: Final = """
    INSERT INTO ledger_snapshots VALUES (%s, %s, %s, %s)
    ON CONFLICT (originator_id) DO UPDATE
    SET originator_version = excluded.originator_version, topic = excluded.topic,
        state = excluded.state
    WHERE ledger_snapshots.originator_version < excluded.originator_version
       OR ledger_snapshots.topic <> excluded.topic
"""
