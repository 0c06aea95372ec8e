"""Accounts by name, as beancount and hledger both take them.

    Assets:Cash:<source>                     money that came in, by payment provider or `Operator`
    Assets:Receivable:Overdraft:<wallet>     what a wallet owes
    Liabilities:Wallet:<wallet>:Paid         credit that was paid for and not yet used
    Liabilities:Wallet:<wallet>:Promotional  credit that was given
    Liabilities:Payments:<provider>          money that is nobody's credit yet
    Liabilities:Payable:<provider>           what a supplier is to be paid
    Income:Usage:<model>                     charges and their corrections
    Income:Breakage                          paid credit that expired
    Expenses:PromoCredit                     promotional credit, less what expired of it
    Expenses:Upstream:<provider>             what suppliers' attempts cost
    Expenses:RefundShortfall                 refunds of credit that had been used already
    Equity:Opening-Balances                  the other side of what a month begins with

A wallet's posted balance = Paid + Promotional - Overdraft.
"""

import hashlib
import re
from functools import lru_cache
from typing import Final

BREAKAGE: Final = "Income:Breakage"
PROMO_CREDIT: Final = "Expenses:PromoCredit"
REFUND_SHORTFALL: Final = "Expenses:RefundShortfall"
OPENING: Final = "Equity:Opening-Balances"
OPERATOR: Final = "operator"
"""The source of paid credit that no payment provider told of."""

_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_STRANGE: Final = re.compile(r"[^A-Za-z0-9]+", re.ASCII)
_SHOWN: Final = 40


@lru_cache(4096)
def component(name: str) -> str:
    """Write a name as a part of an account's; two names are never the same part.

    A part begins with a capital or a digit and has letters, digits and dashes only. A name that
    is more than that in lower case is told apart by its hash, whose capitals no other part has.
    """
    if _PLAIN.fullmatch(name):
        return name[0].upper() + name[1:]
    legible = _STRANGE.sub("-", name).strip("-")[:_SHOWN] or "N"
    mark = hashlib.sha256(name.encode()).hexdigest()[:12].upper()
    return f"{legible[0].upper()}{legible[1:]}-X{mark}"


def wallet(wallet_id: str) -> str:
    """Name the account above all credit of a wallet."""
    return f"Liabilities:Wallet:Wal-{wallet_id}"


def credit(wallet_id: str, *, promotional: bool) -> str:
    """Name the account of a wallet's paid or promotional credit."""
    return f"{wallet(wallet_id)}:{'Promotional' if promotional else 'Paid'}"


def held(wallet_id: str) -> str:
    """Name the account off the books of what calls hold: it makes posted into available."""
    return f"{wallet(wallet_id)}:Held"


def overdraft(wallet_id: str) -> str:
    """Name the account of what a wallet owes."""
    return f"Assets:Receivable:Overdraft:Wal-{wallet_id}"


def cash(source: str) -> str:
    """Name the account of money by where it comes in."""
    return f"Assets:Cash:{component(source)}"


def payments(provider: str) -> str:
    """Name the account of money that is nobody's credit yet."""
    return f"Liabilities:Payments:{component(provider)}"


def usage(model: str) -> str:
    """Name the account of a model's charges."""
    return f"Income:Usage:{component(model)}"


def upstream(provider: str) -> str:
    """Name the account of a supplier's cost."""
    return f"Expenses:Upstream:{component(provider)}"


def payable(provider: str) -> str:
    """Name the account of what a supplier is owed."""
    return f"Liabilities:Payable:{component(provider)}"
