"""Reading usage: what a wallet's calls came to, grouped as asked; amounts in nanos.

Call `freshness.catch_up` before, on the same connection, to see one's own writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection, sql

from projections.usage_figures import NAMES, Figures

GROUPS_MAX: Final = 10_000
DAY, MODEL, API_KEY, TAG = "day", "model", "api_key", "tag:"


class TooManyGroupsError(Exception):
    """The usage falls into more groups than are given at once."""


class Group(NamedTuple):
    """Figures, and what their calls have in common, in the order that was asked for."""

    key: tuple[Any, ...]
    figures: Figures


@dataclass(frozen=True, slots=True)
class Selection:
    """Which usage: days of UTC from `since` on and before `until`, or a month as it was booked."""

    since: date | None = None
    until: date | None = None
    period: str | None = None
    model: str | None = None
    key_id: UUID | None = None


async def usage(
    conn: AsyncConnection[Any],
    wallet_id: UUID,
    selection: Selection,
    dimensions: Sequence[str] = (),
    *,
    most: int = GROUPS_MAX,
) -> list[Group]:
    """Sum usage up by `day`, `model`, `api_key` or `tag:<name>`, in the order of these.

    Without a dimension it is one group. Raises TooManyGroupsError beyond `most`.
    """
    width = len(dimensions)
    places = sql.SQL(", ").join(sql.Literal(place) for place in range(1, width + 1))
    conditions = _conditions(wallet_id, selection)
    query = sql.SQL(_USAGE).format(
        columns=sql.SQL("").join(sql.SQL(_COLUMNS.get(name, _TAGGED)) for name in dimensions),
        sums=_SUMS,
        conditions=sql.SQL(" AND ").join(sql.SQL(condition) for condition in conditions),
        grouping=sql.SQL(_GROUPING).format(places) if width else sql.SQL(""),
    )
    tags = [name.removeprefix(TAG) for name in dimensions if name.startswith(TAG)]
    async with conn.cursor() as cursor:
        await cursor.execute(query, (*tags, *conditions.values(), most + 1))
        rows = await cursor.fetchall()
    if len(rows) > most:
        raise TooManyGroupsError
    return [Group(row[:width], Figures(*map(int, row[width:]))) for row in rows]


async def ever_used(conn: AsyncConnection[Any], wallet_id: UUID, model: str) -> bool:
    """Tell whether a wallet has ever called a model."""
    found = await conn.execute(_EVER, (wallet_id, model), prepare=True)
    return await found.fetchone() is not None


def _conditions(wallet_id: UUID, selection: Selection) -> dict[LiteralString, object]:
    asked: dict[LiteralString, object] = {
        "wallet_id = %s": wallet_id,
        "day >= %s": selection.since,
        "day < %s": selection.until,
        "period = %s": selection.period,
        "model = %s": selection.model,
        "key_id = %s": selection.key_id,
    }
    return {condition: value for condition, value in asked.items() if value is not None}


_COLUMNS: Final[dict[str, LiteralString]] = {
    DAY: "day, ",
    MODEL: "model, ",
    API_KEY: "key_id, ",
}
_TAGGED: Final[LiteralString] = "tags ->> %s, "
_SUMS: Final = sql.SQL(", ").join(
    sql.SQL("coalesce(sum({}), 0)").format(sql.Identifier(name)) for name in NAMES
)
_USAGE: Final = """
    SELECT {columns} {sums} FROM read.usage_days
    WHERE {conditions} AND (calls, charges, releases, corrected) <> (0, 0, 0, 0) {grouping} LIMIT %s
"""
"""A day without anything is one whose calls another model answered."""
_GROUPING: Final = "GROUP BY {0} ORDER BY {0}"
_EVER: Final = "SELECT 1 FROM read.usage_days WHERE wallet_id = %s AND model = %s LIMIT 1"
