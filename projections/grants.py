"""Grants: every lot of credit and what became of it, and the same by month and category.

granted + corrected_back = consumed + expired + voided + repaid + held + remaining

What a correction gives back beyond the lots it was drawn from is a lot of its own, of nothing
granted. A hold's end does not say which lots it had been on, so that is kept while it is open.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from psycopg import Connection

from domain import wallet_events as wallet
from domain.grants import PAID, Allocation
from domain.money import Nanos
from projections import lot_moves
from projections.errors import LogError
from projections.events import Event, Fields
from projections.lot_moves import MOVES
from projections.projection import Projection, Table, run, statement
from projections.roll_forward import ROLL, ROLL_FORWARD, Rolled

ENDS: Final = frozenset({wallet.Charged.TOPIC, wallet.Released.TOPIC, wallet.HoldExpired.TOPIC})
COLUMN: Final = {
    lot_moves.GRANT: "granted",
    lot_moves.CHARGE: "consumed",
    lot_moves.EXPIRY: "expired",
    lot_moves.VOID: "voided",
    lot_moves.REPAYMENT: "repaid",
}


@dataclass(slots=True)
class Change:
    """What a batch adds to one lot's figures; its JSON is a row of the statement."""

    wallet_id: str
    grant_id: str
    granted: Nanos = 0
    corrected_back: Nanos = 0
    consumed: Nanos = 0
    expired: Nanos = 0
    voided: Nanos = 0
    repaid: Nanos = 0
    held: Nanos = 0
    position: int = 0

    def take(self, kind: str, nanos: Nanos) -> None:
        """Add a move of what is posted."""
        if kind in COLUMN:
            name = COLUMN[kind]
            setattr(self, name, getattr(self, name) + abs(nanos))
        elif nanos > 0:
            self.corrected_back += nanos
        else:
            self.consumed -= nanos


@dataclass(slots=True)
class Batch:
    """What a batch of events comes to."""

    lots: list[Fields] = field(default_factory=list[Fields])
    changes: dict[tuple[str, str], Change] = field(default_factory=dict[tuple[str, str], Change])
    rolled: Rolled = field(default_factory=Rolled)
    holds: dict[str, Fields] = field(default_factory=dict[str, Fields])
    """Those that are still open at its end."""
    ended: dict[str, int] = field(default_factory=dict[str, int])
    """Requests whose hold was opened before it, and the position at which it ended."""

    def change(self, wallet_id: str, grant_id: str, position: int) -> Change:
        """Find the change of a lot, and note when it was."""
        key = (wallet_id, grant_id)
        change = self.changes.get(key)
        if change is None:
            change = self.changes[key] = Change(*key)
        change.position = max(change.position, position)
        return change

    def hold(self, wallet_id: str, position: int, parts: Allocation, sign: int) -> None:
        """Count what is held of lots, or with -1 what no longer is."""
        for grant_id, part in parts:
            self.change(wallet_id, grant_id, position).held += sign * part


class Grants(Projection):
    """One row a lot; one a wallet, month, category and kind of move; and the open holds' lots."""

    name = "grants"
    topics = frozenset((wallet.Reserved.TOPIC, *MOVES))
    tables = (
        Table(
            "grants",
            ("wallet_id", "grant_id"),
            """
            CREATE TABLE {schema}.grants (
                wallet_id uuid NOT NULL,
                grant_id uuid NOT NULL,
                category text NOT NULL,
                priority int NOT NULL,
                expires_at timestamptz,
                reference text,
                period text NOT NULL,
                created_at timestamptz NOT NULL,
                granted bigint NOT NULL,
                corrected_back bigint NOT NULL,
                consumed bigint NOT NULL,
                expired bigint NOT NULL,
                voided bigint NOT NULL,
                repaid bigint NOT NULL,
                held bigint NOT NULL,
                remaining bigint NOT NULL GENERATED ALWAYS AS
                    (granted + corrected_back - consumed - expired - voided - repaid - held) STORED,
                expiring boolean NOT NULL GENERATED ALWAYS AS (expires_at IS NOT NULL AND granted
                    + corrected_back - consumed - expired - voided - repaid - held > 0) STORED,
                position bigint NOT NULL,
                PRIMARY KEY (wallet_id, grant_id)
            ) WITH (fillfactor = 50);
            CREATE INDEX ON {schema}.grants (expires_at) WHERE expiring
            """,  # indexed by what seldom changes, so that an update stays within its page
        ),
        Table(
            "held_lots",
            ("request_id",),
            """
            CREATE TABLE {schema}.held_lots (
                request_id uuid PRIMARY KEY,
                wallet_id uuid NOT NULL,
                parts jsonb NOT NULL,
                position bigint NOT NULL
            )
            """,
        ),
        ROLL_FORWARD,
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Add the new lots, then what moved on all of them."""
        batch = fold(events)
        if batch.ended:
            ids = "{" + ",".join(batch.ended) + "}"
            freed = conn.execute(statement(schema, _FREE), (ids,), prepare=True)
            for request_id, wallet_id, parts in freed:
                batch.hold(wallet_id, batch.ended[request_id], parts, -1)
        run(conn, schema, _HOLD, list(batch.holds.values()))
        run(conn, schema, _ADD, batch.lots)
        if run(conn, schema, _CHANGE, list(batch.changes.values())) != len(batch.changes):
            raise LogError(events[-1].position, "by here a lot has changed that was never granted")
        run(conn, schema, ROLL, batch.rolled.rows())


def fold(events: Iterable[Event]) -> Batch:
    """Sum up events by lot, and by wallet, month and kind."""
    batch = Batch()
    for event in events:
        position, topic, wallet_id, fact = event
        if topic == wallet.Reserved.TOPIC:
            _open(batch, event)
            continue
        if topic in ENDS and fact["held"]:
            _end(batch, event)
        elif topic == wallet.Granted.TOPIC or _makes_a_lot(topic, fact):
            batch.lots.append(_lot(event))
        period = fact["period"]
        for kind, lot, nanos in MOVES[topic](fact):
            batch.rolled.add((wallet_id, period, lot, kind), nanos, position)
            if lot not in lot_moves.NO_LOTS:
                batch.change(wallet_id, lot, position).take(kind, nanos)
    return batch


def _open(batch: Batch, event: Event) -> None:
    position, _, wallet_id, fact = event
    if parts := fact["allocations"]:
        request_id = fact["request_id"]
        batch.hold(wallet_id, position, parts, 1)
        batch.holds[request_id] = {
            "request_id": request_id, "wallet_id": wallet_id, "parts": parts, "position": position,
        }  # fmt: skip


def _end(batch: Batch, event: Event) -> None:
    request_id = event.fields["request_id"]
    if opened := batch.holds.pop(request_id, None):
        batch.hold(event.originator_id, event.position, opened["parts"], -1)
    else:
        batch.ended[request_id] = event.position


def _makes_a_lot(topic: str, fact: Fields) -> bool:
    """Tell whether a correction gave back more than had been drawn from lots."""
    if topic != wallet.Corrected.TOPIC:
        return False
    return any(grant_id == fact["correction_id"] for grant_id, _ in fact["allocations"])


def _lot(event: Event) -> Fields:
    fact = event.fields
    return {
        "wallet_id": event.originator_id,
        "grant_id": fact.get("grant_id") or fact["correction_id"],
        "category": fact.get("category", PAID),
        "priority": fact.get("priority", 0),
        "expires_at": fact.get("expires_at"),
        "reference": fact.get("reference"),
        "period": fact["period"],
        "created_at": fact["timestamp"],
        "position": event.position,
    }


_FREE = """
    DELETE FROM {schema}.held_lots WHERE request_id = ANY(%s::uuid[])
    RETURNING encode(uuid_send(request_id), 'hex'), encode(uuid_send(wallet_id), 'hex'), parts
"""
_HOLD = """
    INSERT INTO {schema}.held_lots (request_id, wallet_id, parts, position)
    SELECT request_id, wallet_id, parts, position
    FROM json_to_recordset(%s::json) AS held (
        request_id uuid, wallet_id uuid, parts jsonb, position bigint
    )
"""
_ADD = """
    INSERT INTO {schema}.grants (wallet_id, grant_id, category, priority, expires_at, reference,
        period, created_at, granted, corrected_back, consumed, expired, voided, repaid, held,
        position)
    SELECT wallet_id, grant_id, category, priority, expires_at, reference, period, created_at,
           0, 0, 0, 0, 0, 0, 0, position
    FROM json_to_recordset(%s::json) AS made (
        wallet_id uuid, grant_id uuid, category text, priority int, expires_at timestamptz,
        reference text, period text, created_at timestamptz, position bigint
    )
"""
_CHANGE = """
    UPDATE {schema}.grants AS old
    SET granted = old.granted + new.granted,
        corrected_back = old.corrected_back + new.corrected_back,
        consumed = old.consumed + new.consumed,
        expired = old.expired + new.expired,
        voided = old.voided + new.voided,
        repaid = old.repaid + new.repaid,
        held = old.held + new.held,
        position = new.position
    FROM json_to_recordset(%s::json) AS new (
        wallet_id uuid, grant_id uuid, granted bigint, corrected_back bigint, consumed bigint,
        expired bigint, voided bigint, repaid bigint, held bigint, position bigint
    )
    WHERE old.wallet_id = new.wallet_id AND old.grant_id = new.grant_id
"""
