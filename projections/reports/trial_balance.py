"""The trial balance of customers' money: what was posted to which account; debits equal credits.

The accounts are those of the journal, without their last parts. A debt that is repaid moves
between two accounts of the wallet; every other move has its other side in one of `OTHER_SIDE`.
"""

from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any, Final

from psycopg import AsyncConnection

from domain.grants import PAID, PROMOTIONAL
from domain.money import format_amount
from projections.lines import Line
from projections.lot_moves import (
    CHARGE,
    CORRECTION,
    DEBT,
    EXPIRY,
    GRANT,
    PRIOR_CORRECTION,
    REPAYMENT,
    VOID,
)
from projections.reports.report import Asked, Report, Totals
from projections.reports.rolled import rolled

WALLET: Final = {
    PAID: "Liabilities:Wallet:Paid",
    PROMOTIONAL: "Liabilities:Wallet:Promotional",
    DEBT: "Assets:Receivable:Overdraft",
}
CASH, USAGE = "Assets:Cash", "Income:Usage"
BREAKAGE, PROMO_CREDIT = "Income:Breakage", "Expenses:PromoCredit"
OTHER_SIDE: Final = {
    **{(c, k): USAGE for c in WALLET for k in (CHARGE, CORRECTION, PRIOR_CORRECTION)},
    (PAID, GRANT): CASH,
    (PAID, VOID): CASH,
    (PAID, EXPIRY): BREAKAGE,
    **{(PROMOTIONAL, kind): PROMO_CREDIT for kind in (GRANT, VOID, EXPIRY)},
}


async def lines(conn: AsyncConnection[Any], asked: Asked) -> AsyncGenerator[Line]:
    """Draw a line for each account, with all that was posted up to the end of a month."""
    posted: dict[tuple[str, str], Counter[str]] = {}
    async for (currency, _, category), months in rolled(conn, asked):
        for moves in months.values():
            for kind, nanos in moves.items():
                _post(posted, currency, WALLET[category], nanos)
                if kind != REPAYMENT:
                    _post(posted, currency, OTHER_SIDE[category, kind], -nanos)
    for (currency, account), sides in sorted(posted.items()):
        yield {
            "currency": currency,
            "account": account,
            "debit": format_amount(sides["debit"]),
            "credit": format_amount(sides["credit"]),
            "balance": format_amount(sides["debit"] - sides["credit"]),
        }


def _post(
    posted: dict[tuple[str, str], Counter[str]], currency: str, account: str, credit: int
) -> None:
    """Credit an account, or with less than nothing debit it."""
    sides = posted.setdefault((currency, account), Counter())
    sides["credit" if credit > 0 else "debit"] += abs(credit)


TRIAL_BALANCE: Final = Report(
    name="trial-balance",
    columns=("currency", "account", "debit", "credit", "balance"),
    totals=Totals(("currency",), ("debit", "credit", "balance")),
    parameters=frozenset({"customer_id", "to"}),
    lines=lines,
)
