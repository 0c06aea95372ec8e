"""Reading margins: what customers paid less what suppliers bill, for the operator only.

Days are UTC days. A call whose supplier cost is not known counts on neither side of a margin, and
its share is told beside it: nothing unknown is taken for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row

from domain.money import Nanos
from domain.pricing import round_half_even
from domain.usage import METERED
from projections.supplier_calls import ANSWERED

GROUPS: Final = {
    "day": "day",
    "provider": "provider",
    "model": "model",
    "upstream_model": "upstream_model",
    "customer": "customer_id",
}
"""What margins can be grouped by, and the column of each."""
BASIS_POINTS: Final = 10_000


@dataclass(slots=True)
class Figures:
    """Sums of a group, in nanos where they are money."""

    attempts: int = 0
    failed: int = 0
    """Attempts without an answer: what they may cost is not known, and mostly nothing."""
    unpriced: int = 0
    """Answers whose supplier cost is not known."""
    charges: int = 0
    charged: Nanos = 0
    corrected: Nanos = 0
    """Given back by corrections."""
    unpriced_revenue: Nanos = 0
    """The part of charges less corrections whose supplier cost is not known."""
    cost: Nanos = 0

    def add(self, other: "Figures") -> None:
        """Add another group's."""
        for column in fields(self):
            added = getattr(self, column.name) + getattr(other, column.name)
            setattr(self, column.name, added)


@dataclass(frozen=True, slots=True)
class Margin:
    """One group in one pair of currencies."""

    group: Mapping[str, Any]
    currency: str
    """Of what customers were charged."""
    cost_currency: str
    figures: Figures
    used: Mapping[str, int]
    """By component, as far as charges tell."""

    @property
    def complete(self) -> bool:
        """Whether every answer's cost is known, in the currency of the charges."""
        return not self.figures.unpriced and not self.figures.unpriced_revenue and self.comparable

    @property
    def comparable(self) -> bool:
        """Whether both sides are in one currency."""
        return self.currency == self.cost_currency

    @property
    def revenue(self) -> Nanos:
        """Charges less corrections, of the calls whose cost is known."""
        figures = self.figures
        return figures.charged - figures.corrected - figures.unpriced_revenue

    @property
    def margin(self) -> Nanos | None:
        """Revenue less cost, or None where that would mix currencies."""
        return self.revenue - self.figures.cost if self.comparable else None

    @property
    def basis_points(self) -> int | None:
        """The margin's share of the revenue, if there is any."""
        if self.margin is None or self.revenue <= 0:
            return None
        return round_half_even(self.margin * BASIS_POINTS, self.revenue)


async def margins(
    conn: AsyncConnection[Any], since: date, until: date, group_by: Sequence[str], limit: int
) -> list[Margin]:
    """List groups of the days from `since` to the one before `until`, at most so many.

    The names of groups are those of GROUPS; without any there is one for all.
    """
    columns = [sql.Identifier(GROUPS[name]) for name in group_by]
    query = sql.SQL(_MARGINS).format(
        columns=sql.SQL("").join(sql.SQL("{}, ").format(column) for column in columns),
        tokens=sql.SQL(", ").join(
            sql.SQL("sum({0})::bigint AS {0}").format(sql.Identifier(name)) for name in METERED
        ),
    )
    parameters = {"since": since, "until": until, "limit": limit, "answered": list(ANSWERED)}
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, parameters)
        return [_margin(row, group_by) for row in await cursor.fetchall()]


def _margin(row: Mapping[str, Any], group_by: Sequence[str]) -> Margin:
    return Margin(
        group={name: row[GROUPS[name]] for name in group_by},
        currency=row["charge_currency"],
        cost_currency=row["cost_currency"],
        figures=Figures(**{column.name: row[column.name] for column in fields(Figures)}),
        used={name: row[name] for name in METERED if row[name]},
    )


# A call without any attempt has no currency of its own; it is told with its customer's.
_MARGINS: Final = """
    SELECT {columns}
        coalesce(customer.currency, '') AS charge_currency,
        coalesce(nullif(costs.currency, ''), customer.currency, '') AS cost_currency,
        sum(attempts)::bigint AS attempts,
        coalesce(sum(attempts) FILTER (
            WHERE outcome <> ALL(%(answered)s) AND outcome <> 'quarantined'), 0)::bigint AS failed,
        coalesce(sum(attempts) FILTER (
            WHERE NOT priced AND (outcome = ANY(%(answered)s) OR outcome = 'quarantined')
        ), 0)::bigint AS unpriced,
        sum(charges)::bigint AS charges,
        sum(charged)::bigint AS charged,
        sum(costs.corrected)::bigint AS corrected,
        coalesce(sum(charged - corrected) FILTER (WHERE NOT priced), 0)::bigint
            AS unpriced_revenue,
        sum(cost)::bigint AS cost,
        {tokens}
    FROM read.supplier_costs AS costs
    LEFT JOIN read.customers AS customer USING (customer_id)
    WHERE day >= %(since)s AND day < %(until)s
    GROUP BY {columns} charge_currency, cost_currency
    ORDER BY {columns} charge_currency, cost_currency
    LIMIT %(limit)s
"""
