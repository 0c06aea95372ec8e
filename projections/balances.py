"""Balances: what each wallet has posted, held and owing.

posted = granted - charged - expired - voided ± corrected      available = posted - reserved

Posted is below zero while charges exceed credit: an overdraft, or a debt.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from psycopg import Connection

from domain import wallet_events as wallet
from domain.grants import Allocation
from domain.money import Nanos
from projections.errors import LogError
from projections.events import Event, Fields
from projections.projection import Projection, Table, run


@dataclass(slots=True)
class Change:
    """What a batch adds to one wallet's figures; its JSON is a row of the statement."""

    wallet_id: str
    posted: Nanos = 0
    reserved: Nanos = 0
    debt: Nanos = 0
    open_holds: int = 0
    updated_at: str = ""
    position: int = 0


class Balances(Projection):
    """One row a wallet."""

    name = "balances"
    tables = (
        Table(
            "balances",
            ("wallet_id",),
            """
            CREATE TABLE {schema}.balances (
                wallet_id uuid PRIMARY KEY,
                customer_id uuid NOT NULL,
                currency text NOT NULL,
                posted bigint NOT NULL,
                reserved bigint NOT NULL,
                available bigint NOT NULL GENERATED ALWAYS AS (posted - reserved) STORED,
                debt bigint NOT NULL,
                open_holds int NOT NULL,
                updated_at timestamptz NOT NULL,
                position bigint NOT NULL
            ) WITH (fillfactor = 50)
            """,  # half empty, so that an update finds room beside the row it replaces
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Insert what was opened, then add what changed."""
        opened = [
            {"wallet_id": e.originator_id, "position": e.position, **e.fields}
            for e in events
            if e.topic == wallet.Opened.TOPIC
        ]
        changes = fold(events)
        run(conn, schema, _OPEN, opened)
        if run(conn, schema, _ADD, changes) != len(changes):
            position = events[-1].position
            raise LogError(position, "by here a wallet has changed that was never opened")


def fold(events: Iterable[Event]) -> list[Change]:
    """Sum up events by wallet."""
    changes: dict[str, Change] = {}
    for event in events:
        wallet_id = event.originator_id
        change = changes.get(wallet_id)
        if change is None:
            change = changes[wallet_id] = Change(wallet_id)
        if move := MOVES.get(event.topic):
            move(change, event.fields)
        change.updated_at = event.fields["timestamp"]
        change.position = event.position
    return list(changes.values())


def _granted(change: Change, fact: Fields) -> None:
    change.posted += fact["amount"]
    change.debt -= fact["repaid"]


def _reserved(change: Change, fact: Fields) -> None:
    change.reserved += fact["amount"]
    # A hold of nothing is not counted: its end is not to be told from a late charge.
    change.open_holds += fact["amount"] > 0


def _charged(change: Change, fact: Fields) -> None:
    change.posted -= fact["amount"]
    change.debt += fact["overdraft"]
    _ended(change, fact)


def _ended(change: Change, fact: Fields) -> None:
    change.reserved -= fact["held"]
    change.open_holds -= fact["held"] > 0
    if fact["expired"]:
        change.posted -= _total(fact["expired"])
    if fact["repaid"]:
        change.debt -= _total(fact["repaid"])


def _dropped(change: Change, fact: Fields) -> None:
    change.posted -= fact["amount"]


def _corrected(change: Change, fact: Fields) -> None:
    change.posted += fact["amount"] - _total(fact["expired"])
    change.debt += fact["overdraft"] - fact["repaid"]


def _total(allocation: Allocation) -> Nanos:
    return sum([part for _, part in allocation])


MOVES: dict[str, Callable[[Change, Fields], None]] = {
    wallet.Granted.TOPIC: _granted,
    wallet.Reserved.TOPIC: _reserved,
    wallet.Charged.TOPIC: _charged,
    wallet.Released.TOPIC: _ended,
    wallet.HoldExpired.TOPIC: _ended,
    wallet.GrantExpired.TOPIC: _dropped,
    wallet.GrantVoided.TOPIC: _dropped,
    wallet.Corrected.TOPIC: _corrected,
}

Balances.topics = frozenset((wallet.Opened.TOPIC, *MOVES))

_OPEN = """
    INSERT INTO {schema}.balances
        (wallet_id, customer_id, currency, posted, reserved, debt, open_holds, updated_at, position)
    SELECT wallet_id, customer_id, currency, 0, 0, 0, 0, "timestamp", position
    FROM json_to_recordset(%s::json) AS opened (
        wallet_id uuid, customer_id uuid, currency text, "timestamp" timestamptz, position bigint
    )
"""
_ADD = """
    UPDATE {schema}.balances AS old
    SET posted = old.posted + new.posted,
        reserved = old.reserved + new.reserved,
        debt = old.debt + new.debt,
        open_holds = old.open_holds + new.open_holds,
        updated_at = new.updated_at,
        position = new.position
    FROM json_to_recordset(%s::json) AS new (
        wallet_id uuid, posted bigint, reserved bigint, debt bigint, open_holds int,
        updated_at timestamptz, position bigint
    )
    WHERE old.wallet_id = new.wallet_id
"""
