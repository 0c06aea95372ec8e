"""Statements: each wallet's closed months and what was issued for them, and the zones of months."""

from collections.abc import Sequence

from psycopg import Connection

from domain import statement
from domain.wallet_events import PeriodClosed, TimeZoneChanged
from projections.errors import LogError
from projections.events import Event
from projections.projection import Projection, Table, run


class Statements(Projection):
    """One row a closed month; the issued document's fields stay null until it is issued."""

    name = "statements"
    topics = frozenset({PeriodClosed.TOPIC, TimeZoneChanged.TOPIC, statement.Issued.TOPIC})
    tables = (
        Table(
            "statements",
            ("wallet_id", "period"),
            """
            CREATE TABLE {schema}.statements (
                wallet_id uuid NOT NULL,
                period text NOT NULL,
                number bigint NOT NULL UNIQUE,
                zone text NOT NULL,
                opening bigint NOT NULL,
                closing bigint NOT NULL,
                open_holds int NOT NULL,
                held bigint NOT NULL,
                actor text NOT NULL,
                closed_at timestamptz NOT NULL,
                closed_position bigint NOT NULL,
                drawn_position bigint,
                tree_size bigint,
                sha256 text,
                issued_at timestamptz,
                position bigint NOT NULL,
                PRIMARY KEY (wallet_id, period)
            );
            CREATE INDEX ON {schema}.statements (period, number)
            """,
        ),
        Table(
            "time_zones",
            ("wallet_id", "from_period"),
            """
            CREATE TABLE {schema}.time_zones (
                wallet_id uuid NOT NULL,
                from_period text NOT NULL,
                zone text NOT NULL,
                position bigint NOT NULL,
                PRIMARY KEY (wallet_id, from_period)
            )
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Add closed months, note what was issued for them, and follow zones."""
        run(conn, schema, _CLOSE, _rows(events, PeriodClosed.TOPIC))
        issued = _rows(events, statement.Issued.TOPIC)
        if run(conn, schema, _ISSUE, issued) != len(issued):
            raise LogError(events[-1].position, "by here a statement was issued for an open month")
        for changed in _rows(events, TimeZoneChanged.TOPIC):
            # One that is still to come is replaced, also by one that comes sooner.
            run(conn, schema, _FORGET, [changed])
            run(conn, schema, _MOVE, [changed])


def _rows(events: Sequence[Event], topic: str) -> list[dict[str, object]]:
    return [
        {"originator_id": e.originator_id, "position": e.position, "fact": e.fields}
        for e in events
        if e.topic == topic
    ]


_CLOSE = """
    INSERT INTO {schema}.statements (wallet_id, period, number, zone, opening, closing, open_holds,
        held, actor, closed_at, closed_position, position)
    SELECT closed.originator_id, fact.period, fact.number, fact.zone, fact.opening, fact.closing,
           fact.open_holds, fact.held, fact.actor, fact."timestamp", closed.position,
           closed.position
    FROM json_to_recordset(%s::json) AS closed (originator_id uuid, position bigint, fact json),
    LATERAL json_to_record(closed.fact) AS fact (
        period text, number bigint, zone text, opening bigint, closing bigint, open_holds int,
        held bigint, actor text, "timestamp" timestamptz
    )
"""
_ISSUE = """
    UPDATE {schema}.statements AS old
    SET drawn_position = fact.position, tree_size = fact.tree_size, sha256 = fact.sha256,
        issued_at = fact."timestamp", position = issued.position
    FROM json_to_recordset(%s::json) AS issued (position bigint, fact json),
    LATERAL json_to_record(issued.fact) AS fact (
        wallet_id uuid, period text, number bigint, position bigint, tree_size bigint,
        sha256 text, "timestamp" timestamptz
    )
    WHERE old.wallet_id = fact.wallet_id AND old.period = fact.period
      AND old.number = fact.number
"""
_FORGET = """
    DELETE FROM {schema}.time_zones AS old
    USING json_to_recordset(%s::json) AS changed (originator_id uuid, fact json)
    WHERE old.wallet_id = changed.originator_id
      AND old.from_period >= changed.fact ->> 'from_period'
"""
_MOVE = """
    INSERT INTO {schema}.time_zones (wallet_id, from_period, zone, position)
    SELECT changed.originator_id, fact.from_period, fact.zone, changed.position
    FROM json_to_recordset(%s::json) AS changed (originator_id uuid, position bigint, fact json),
    LATERAL json_to_record(changed.fact) AS fact (zone text, from_period text)
"""
