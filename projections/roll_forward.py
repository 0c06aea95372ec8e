"""The roll-forward: what moved in each wallet and month, by category of credit and kind of move.

opening + Σ moves = closing, by category and over `CATEGORIES`; opening is Σ of all months before.
"""

from typing import Final

from domain.grants import PAID, PROMOTIONAL
from domain.money import Nanos
from projections.events import Fields
from projections.lot_moves import DEBT, NO_LOTS
from projections.projection import Table

CATEGORIES: Final = (PAID, PROMOTIONAL, DEBT)
"""What a wallet's posted balance is made of; beside them what was absorbed, no part of it."""

Key = tuple[str, str, str, str]
"""Wallet, month, lot or what stands in its place, kind."""


class Rolled:
    """The moves of a batch, summed up by wallet, month, lot and kind."""

    def __init__(self) -> None:
        self._sums: dict[Key, list[int]] = {}

    def add(self, key: Key, nanos: Nanos, position: int) -> None:
        """Add a move."""
        found = self._sums.get(key)
        if found is None:
            self._sums[key] = [nanos, position]
        else:
            found[0] += nanos
            found[1] = position

    def rows(self) -> list[Fields]:
        """Write them as rows of the statement."""
        return [
            {
                "wallet_id": wallet_id,
                "period": period,
                "grant_id": None if lot in NO_LOTS else lot,
                "category": lot if lot in NO_LOTS else None,
                "kind": kind,
                "nanos": nanos,
                "position": position,
            }
            for (wallet_id, period, lot, kind), (nanos, position) in self._sums.items()
        ]


ROLL_FORWARD: Final = Table(
    "roll_forward",
    ("wallet_id", "period", "category", "kind"),
    """
    CREATE TABLE {schema}.roll_forward (
        wallet_id uuid NOT NULL,
        period text NOT NULL,
        category text NOT NULL,
        kind text NOT NULL,
        nanos bigint NOT NULL,
        position bigint NOT NULL,
        PRIMARY KEY (wallet_id, period, category, kind)
    ) WITH (fillfactor = 50)
    """,
)

ROLL: Final = """
    INSERT INTO {schema}.roll_forward AS old (wallet_id, period, category, kind, nanos, position)
    SELECT new.wallet_id, new.period, coalesce(new.category, lot.category), new.kind,
           sum(new.nanos), max(new.position)
    FROM json_to_recordset(%s::json) AS new (
        wallet_id uuid, period text, grant_id uuid, category text, kind text, nanos bigint,
        position bigint
    )
    LEFT JOIN {schema}.grants AS lot USING (wallet_id, grant_id)
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (wallet_id, period, category, kind) DO UPDATE
    SET nanos = old.nanos + excluded.nanos, position = excluded.position
"""
"""Adds rows of `Rolled`; a lot that is not there has no category, and that is refused."""
