"""The journal for beancount; balances are asserted without any tolerance."""

from datetime import timedelta
from typing import Final

from projections.exports.journal.dimensions import told
from projections.exports.journal.entries import Balance, Entry
from projections.exports.journal.plain_text import PlainText, amount, one_line, tag_key

_OPENED: Final = "1970-01-01"
"""Before anything was ever booked."""
_ESCAPES: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})


class Beancount(PlainText):
    """Directives are sorted by beancount itself, so they need not be in order."""

    def header(self, title: str) -> str:
        """Name the file."""
        return f'option "title" {_quoted(title)}\n\n'

    def commodity(self, currency: str) -> str:
        """Declare a currency."""
        return f"{_OPENED} commodity {currency}\n"

    def account(self, name: str) -> str:
        """Open an account."""
        return f"{_OPENED} open {name}\n"

    def entry(self, entry: Entry) -> str:
        """Write a transaction, linked to its call."""
        if not entry.postings:
            return ""
        about = told(entry)
        link = f" ^{call}" if (call := about.get("request_id")) else ""
        payee = _quoted(about.get("customer_id", ""))
        lines = [f"{entry.day} * {payee} {_quoted(entry.what)}{link}"]
        lines.append(f"  position: {entry.position}")
        about = {"period": entry.period, **about}
        lines += [f"  {name}: {_quoted(value)}" for name, value in about.items()]
        lines += [f"  {tag_key(name)}: {_quoted(value)}" for name, value in entry.tags.items()]
        lines += [
            f"  {account}  {amount(nanos, entry.currency)}" for account, nanos in entry.postings
        ]
        return "\n".join(lines) + "\n\n"

    def balance(self, balance: Balance) -> str:
        """Assert it for the next day's beginning, which is when beancount looks."""
        day = balance.day + timedelta(days=1)
        figure = amount(balance.nanos, f"~ 0 {balance.currency}")
        return f"{day} balance {balance.account}  {figure}\n"


def _quoted(text: str) -> str:
    return f'"{one_line(text).translate(_ESCAPES)}"'
