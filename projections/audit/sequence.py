"""Sequence: every aggregate's versions without a gap and in the order of the log.

The database does it on its own index, so that nobody has to remember millions of ids.
"""

from psycopg import Connection

from projections.audit.findings import Finding, Findings


def check_sequence(conn: Connection, findings: Findings) -> None:
    """Find versions that are missing, doubled or out of order."""
    for position, topic, originator_id, version, place in conn.execute(_OUT_OF_SEQUENCE):
        message = f"version {version} is where version {place} should be"
        if version == place:
            message = f"version {version} comes before version {version - 1}"
        findings.note(Finding("sequence", position, topic, originator_id, message))


_OUT_OF_SEQUENCE = """
    SELECT position, topic, encode(uuid_send(originator_id), 'hex'), originator_version, place
    FROM (
        SELECT position, topic, originator_id, originator_version,
               row_number() OVER history AS place, lag(position) OVER history AS before
        FROM public.ledger_events
        WINDOW history AS (PARTITION BY originator_id ORDER BY originator_version)
    ) AS placed
    WHERE originator_version <> place OR before > position
    ORDER BY position LIMIT 1000
"""
