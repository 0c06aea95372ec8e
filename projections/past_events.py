"""What the log says of some aggregates before a position: for folds that meet only their ends."""

from collections.abc import Collection
from typing import Final

from psycopg import Connection

from projections.events import Event, event_of


def read_past(conn: Connection, originators: Collection[str], before: int) -> list[Event]:
    """Read all that these aggregates did before a position, each one's in order."""
    if not originators:
        return []
    ids = "{" + ",".join(originators) + "}"
    rows = conn.execute(_PAST, (ids,), prepare=True, binary=True)
    return [event_of(*row) for row in rows.fetchall() if row[0] < before]


# The lateral order keeps the planner to the index, as in the append protocol; a condition on the
# position had it read the log from its beginning.
_PAST: Final = """
    SELECT past.position, past.topic, encode(uuid_send(past.originator_id), 'hex'), past.state
    FROM unnest(%s::uuid[]) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT position, topic, originator_id, state FROM public.ledger_events
        WHERE originator_id = wanted.id
        ORDER BY originator_version
    ) AS past
"""
