"""Alert lines: what customers want to be told of, and on which side each wallet was last seen.

It only names suspects for the round; the wallet decides under its lock what was crossed.
"""

from collections.abc import Sequence
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, Connection

from domain import wallet_events as wallet
from projections.errors import LogError
from projections.events import Event
from projections.projection import Projection, Table, statement

ALERT, RECHARGE = "alert", "recharge"


class Alerts(Projection):
    """One row a line; `crossed` is whether the wallet was last seen at or below it."""

    name = "alerts"
    topics = frozenset(
        (
            wallet.AlertsChanged.TOPIC,
            wallet.AlertRaised.TOPIC,
            wallet.AlertCleared.TOPIC,
            wallet.RechargeRequested.TOPIC,
            wallet.RechargeCleared.TOPIC,
        )
    )
    tables = (
        Table(
            "alert_lines",
            ("wallet_id", "kind", "line"),
            """
            CREATE TABLE {schema}.alert_lines (
                wallet_id uuid NOT NULL,
                kind text NOT NULL,
                line bigint NOT NULL,
                recharge_amount bigint,
                crossed bool NOT NULL DEFAULT false,
                PRIMARY KEY (wallet_id, kind, line)
            )
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Change line by line: alerts are few."""
        for event in events:
            if event.topic == wallet.AlertsChanged.TOPIC:
                _draw(conn, schema, event)
            else:
                kind, field, crossed = CROSSINGS[event.topic]
                values = (crossed, event.originator_id, kind, event.fields[field])
                if not conn.execute(statement(schema, _CROSS), values, prepare=True).rowcount:
                    raise LogError(event.position, "a line was crossed that was never drawn")


def _draw(conn: Connection, schema: str, event: Event) -> None:
    """Take the lines that are wanted; one that was there before keeps its side."""
    wallet_id, fact = event.originator_id, event.fields
    lines: list[tuple[str, int, int | None]] = [(ALERT, at, None) for at in fact["thresholds"]]
    if fact["recharge_below"] is not None:
        lines.append((RECHARGE, fact["recharge_below"], fact["recharge_amount"]))
    kinds, places, amounts = (list(column) for column in zip(*lines, strict=True)) if lines else (
        [], [], [],
    )  # fmt: skip
    conn.execute(statement(schema, _ERASE), (wallet_id, kinds, places, amounts))
    conn.execute(statement(schema, _DRAW), (wallet_id, kinds, places, amounts))


async def crossed(conn: AsyncConnection[Any], *, limit: int = 1_000) -> list[UUID]:
    """Name the wallets that seem to be on the other side of a line by now."""
    found = await conn.execute(_CROSSED, (limit,), prepare=True)
    return [wallet_id for (wallet_id,) in await found.fetchall()]


CROSSINGS: Final = {
    wallet.AlertRaised.TOPIC: (ALERT, "threshold", True),
    wallet.AlertCleared.TOPIC: (ALERT, "threshold", False),
    wallet.RechargeRequested.TOPIC: (RECHARGE, "below", True),
    wallet.RechargeCleared.TOPIC: (RECHARGE, "below", False),
}

_CROSS: LiteralString = """
    UPDATE {schema}.alert_lines SET crossed = %s
    WHERE wallet_id = %s AND kind = %s AND line = %s
"""
_ERASE: LiteralString = """
    DELETE FROM {schema}.alert_lines AS old
    WHERE wallet_id = %s AND NOT EXISTS (
        SELECT FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS new (kind, line, amount)
        WHERE new.kind = old.kind AND new.line = old.line
            AND new.amount IS NOT DISTINCT FROM old.recharge_amount
    )
"""
_DRAW: LiteralString = """
    INSERT INTO {schema}.alert_lines (wallet_id, kind, line, recharge_amount)
    SELECT %s::uuid, new.*
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS new (kind, line, amount)
    ON CONFLICT DO NOTHING
"""
_CROSSED: LiteralString = """
    SELECT DISTINCT wallet_id FROM read.alert_lines JOIN read.balances USING (wallet_id)
    WHERE crossed <> (available <= line) LIMIT %s
"""
