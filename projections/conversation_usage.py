"""Conversation usage: what the calls of each conversation came to, and when it was last joined."""

from collections.abc import Iterable
from typing import Any, Final

from psycopg import Connection

from domain.inference_request import CHARGED
from domain.usage import METERED
from projections.call_changes import Call
from projections.projection import Table, run

TABLE: Final = Table(
    "conversation_usage",
    ("conversation_id",),
    """
    CREATE TABLE {schema}.conversation_usage (
        conversation_id uuid PRIMARY KEY,
        calls bigint NOT NULL,
        charges bigint NOT NULL,
        releases bigint NOT NULL,
        amount bigint NOT NULL,
        corrected bigint NOT NULL,
        {metered_columns},
        last_used_at timestamptz NOT NULL,
        position bigint NOT NULL
    ) WITH (fillfactor = 50)
    """,
)

Row = dict[str, Any]

_NOTHING: Final = dict.fromkeys(
    ("calls", "charges", "releases", "amount", "corrected", *METERED), 0
)


def add(conn: Connection, schema: str, calls: Iterable[Call]) -> None:
    """Add what these calls have come to; each must know what it has joined."""
    run(conn, schema, _ADD, list(fold(calls).values()))


def fold(calls: Iterable[Call]) -> dict[str, Row]:
    """Sum calls up by the conversation that they joined."""
    rows: dict[str, Row] = {}
    for call in calls:
        if call.conversation_id is None:
            continue
        row = rows.setdefault(
            call.conversation_id,
            {
                "conversation_id": call.conversation_id,
                **_NOTHING,
                "last_used_at": "-infinity",
                "position": 0,
            },
        )
        _count(row, call)
    return rows


def _count(row: Row, call: Call) -> None:
    if call.created_position is not None:
        row["calls"] += 1
        row["last_used_at"] = max(row["last_used_at"], call.created_at)
    row["position"] = max(row["position"], call.position)
    row["corrected"] += call.corrected
    if not call.settled_position:
        return
    if call.status != CHARGED:
        row["releases"] += 1
        return
    row["charges"] += 1
    row["amount"] += call.amount
    for component, tokens in (call.usage or {}).items():
        row[component] += tokens


_ADD = """
    INSERT INTO {schema}.conversation_usage AS old
    SELECT * FROM json_to_recordset(%s::json) AS new (
        conversation_id uuid, calls bigint, charges bigint, releases bigint, amount bigint,
        corrected bigint, {metered_types}, last_used_at timestamptz, position bigint
    )
    ON CONFLICT (conversation_id) DO UPDATE
    SET calls = old.calls + excluded.calls,
        charges = old.charges + excluded.charges,
        releases = old.releases + excluded.releases,
        amount = old.amount + excluded.amount,
        corrected = old.corrected + excluded.corrected,
        {metered_added},
        last_used_at = greatest(old.last_used_at, excluded.last_used_at),
        position = greatest(old.position, excluded.position)
"""
