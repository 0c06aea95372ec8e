"""The roll-forward by month, category and kind, of everybody together or customer by customer."""

from collections.abc import AsyncGenerator
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from domain.money import Nanos
from projections.long_read import rows_of
from projections.reports.report import Asked


class Account(NamedTuple):
    """Credit of one category in one currency, of a customer or of all."""

    currency: str
    customer_id: UUID | None
    category: str


class Months(NamedTuple):
    """An account's moves by month and kind, in order; only months in which something moved."""

    account: Account
    moves: dict[str, dict[str, Nanos]]


async def rolled(conn: AsyncConnection[Any], asked: Asked) -> AsyncGenerator[Months]:
    """Give every account with all of its moves up to the last month that is asked for."""
    values = {"customer_id": asked.customer_id, "until": asked.until}
    current: Months | None = None
    async for rows in rows_of(conn, _BY_CUSTOMER if asked.by_customer else _IN_ALL, values):
        for row in rows:
            account = Account(row["currency"], row["customer_id"], row["category"])
            if current is None or current.account != account:
                if current is not None:
                    yield current
                current = Months(account, {})
            current.moves.setdefault(row["period"], {})[row["kind"]] = row["nanos"]
    if current is not None:
        yield current


_MOVED: Final[LiteralString] = """
    FROM read.roll_forward JOIN read.customers AS owner USING (wallet_id)
    WHERE category <> 'absorbed'
      AND (%(customer_id)s::uuid IS NULL OR owner.customer_id = %(customer_id)s)
      AND (%(until)s::text IS NULL OR period <= %(until)s)
"""
_IN_ALL: Final[LiteralString] = (
    "SELECT currency, NULL::uuid AS customer_id, category, period, kind, sum(nanos)::bigint"
    " AS nanos" + _MOVED + "GROUP BY currency, category, period, kind"
    " ORDER BY currency, category, period, kind"
)
_BY_CUSTOMER: Final[LiteralString] = (
    "SELECT currency, customer_id, category, period, kind, nanos"
    + _MOVED
    + " ORDER BY currency, owner.position, category, period, kind"
)
