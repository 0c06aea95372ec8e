"""Alert lines: what customers want to be told of, and what they were told last.

It only names suspects for the round; wallets and keys decide under the lock what was crossed.
"""

from collections.abc import Sequence
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection, Connection

from domain import api_key_events as key, wallet_events as wallet
from domain.quota import DAY, MONTH
from projections.errors import LogError
from projections.events import Event
from projections.projection import Projection, Table, statement

ALERT, RECHARGE, QUOTA = "alert", "recharge", "quota"


class SuspectKey(NamedTuple):
    """A key that may have spent a part of its quota that it is to be told of."""

    wallet_id: UUID
    key_id: UUID


class Alerts(Projection):
    """One row a line; `crossed` is whether the wallet was last seen at or below it.

    The line of a quota is a percent and never crossed itself: each key has its own row for that.
    """

    name = "alerts"
    topics = frozenset(
        (
            wallet.AlertsChanged.TOPIC,
            wallet.AlertRaised.TOPIC,
            wallet.AlertCleared.TOPIC,
            wallet.RechargeRequested.TOPIC,
            wallet.RechargeCleared.TOPIC,
            key.QuotaAlertRaised.TOPIC,
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
        Table(
            "quota_alerts",
            ("key_id", "percent"),
            """
            CREATE TABLE {schema}.quota_alerts (
                key_id uuid NOT NULL,
                percent int NOT NULL,
                quota_window text NOT NULL,
                PRIMARY KEY (key_id, percent)
            )
            """,  # the last window in which each percent was told
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Change line by line: alerts are few."""
        for event in events:
            if event.topic == wallet.AlertsChanged.TOPIC:
                _draw(conn, schema, event)
            elif event.topic == key.QuotaAlertRaised.TOPIC:
                told = (event.originator_id, event.fields["percent"], event.fields["window"])
                conn.execute(statement(schema, _TELL), told, prepare=True)
            else:
                kind, field, crossed = CROSSINGS[event.topic]
                values = (crossed, event.originator_id, kind, event.fields[field])
                if not conn.execute(statement(schema, _CROSS), values, prepare=True).rowcount:
                    raise LogError(event.position, "a line was crossed that was never drawn")


def _draw(conn: Connection, schema: str, event: Event) -> None:
    """Take the lines that are wanted; one that was there before keeps its side."""
    wallet_id, fact = event.originator_id, event.fields
    lines: list[tuple[str, int, int | None]] = [
        *((ALERT, line, None) for line in fact["thresholds"]),
        *((QUOTA, percent, None) for percent in fact["quota_percents"]),
    ]
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


async def suspect_keys(conn: AsyncConnection[Any], *, limit: int = 1_000) -> list[SuspectKey]:
    """Name the keys whose charges seem to have reached a percent of their quota.

    Charges count by day of UTC here, and by the window of their hold where it is decided.
    """
    found = await conn.execute(_SUSPECT_KEYS, (DAY, MONTH, DAY, MONTH, limit), prepare=True)
    return [SuspectKey(*row) for row in await found.fetchall()]


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
    WHERE kind <> 'quota' AND crossed <> (available <= line) LIMIT %s
"""
_TELL: LiteralString = """
    INSERT INTO {schema}.quota_alerts (key_id, percent, quota_window) VALUES (%s, %s, %s)
    ON CONFLICT (key_id, percent) DO UPDATE SET quota_window = excluded.quota_window
"""
_SUSPECT_KEYS: LiteralString = """
    WITH watched AS (
        SELECT wallet_id, key_id, quota_amount, line AS percent, CASE quota_window
                WHEN %s THEN to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD')
                WHEN %s THEN to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM')
                ELSE 'all'
            END AS present, CASE quota_window
                WHEN %s THEN (clock_timestamp() AT TIME ZONE 'UTC')::date
                WHEN %s THEN date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date
                ELSE '-infinity'
            END AS since
        FROM read.alert_lines JOIN read.api_keys USING (wallet_id)
        WHERE kind = 'quota' AND quota_amount > 0 AND NOT disabled
    ), untold AS (
        SELECT * FROM watched WHERE NOT EXISTS (
            SELECT FROM read.quota_alerts AS told
            WHERE (told.key_id, told.percent) = (watched.key_id, watched.percent)
                AND told.quota_window = watched.present
        )
    )
    SELECT DISTINCT wallet_id, key_id FROM untold CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount - corrected), 0) AS spent FROM read.usage_days AS used
        WHERE used.wallet_id = untold.wallet_id AND used.key_id = untold.key_id
            AND used.day >= since
    ) AS charges
    WHERE spent * 100 >= quota_amount::numeric * percent LIMIT %s
"""
