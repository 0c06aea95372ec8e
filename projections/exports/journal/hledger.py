"""The journal for hledger; what calls hold is there as virtual postings, which `--real` hides."""

from projections.exports.journal import accounts
from projections.exports.journal.dimensions import told
from projections.exports.journal.entries import Balance, Entry
from projections.exports.journal.plain_text import PlainText, amount, one_line, tag_key


class Hledger(PlainText):
    """Assertions come after everything of their day: hledger takes a day in the file's order."""

    def header(self, title: str) -> str:
        """Name the file."""
        return f"; {_plain(title)}\n\n"

    def commodity(self, currency: str) -> str:
        """Declare a currency with all its places, which is how exactly hledger then balances."""
        return f"commodity 1000.000000000 {currency}\n\n"

    def account(self, name: str) -> str:
        """Declare an account."""
        return f"account {name}\n\n"

    def entry(self, entry: Entry) -> str:
        """Write a transaction."""
        given = {tag_key(name): value for name, value in entry.tags.items()}
        tags = {"period": entry.period, **told(entry), **given}
        lines = [f"{entry.day} * ({entry.position}) {entry.what}"]
        lines += [f"    ; {name}: {_plain(value)}" for name, value in tags.items()]
        lines += [
            f"    {account}  {amount(nanos, entry.currency)}" for account, nanos in entry.postings
        ]
        new = ""
        if entry.held and entry.wallet_id:
            held = accounts.held(entry.wallet_id)
            new = self._declare(entry.currency, [held])
            lines.append(f"    ({held})  {amount(entry.held, entry.currency)}")
        return new + "\n".join(lines) + "\n\n"

    def balance(self, balance: Balance) -> str:
        """Assert it exactly, on its day."""
        nothing, figure = amount(0, balance.currency), amount(balance.nanos, balance.currency)
        title = f"{balance.day} * balance of {balance.period}"
        return f"{title}\n    {balance.account}  {nothing} = {figure}\n\n"


def _plain(text: str) -> str:
    """Leave out commas too: one ends a tag."""
    return one_line(text).replace(",", " ")
