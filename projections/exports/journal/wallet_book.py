"""What the journal knows of a wallet: its months and what is on its accounts."""

from collections.abc import Iterable, Iterator

from domain.money import Nanos
from projections.events import Fields
from projections.exports.journal import accounts
from projections.exports.journal.entries import Balance, Posting, balanced
from projections.exports.wallets import Wallet, last_day

Sums = dict[str, Nanos]
"""Amounts by account; a debit is above zero."""


class WalletBook(Wallet):
    """Sums a wallet's own accounts up, month by month; `month` is the one that is exported."""

    def __init__(self, wallet_id: str, opened: Fields, month: str | None) -> None:
        super().__init__(wallet_id, opened)
        self._own = (
            accounts.credit(wallet_id, promotional=False),
            accounts.credit(wallet_id, promotional=True),
            accounts.overdraft(wallet_id),
        )
        self.held_before: Nanos = 0
        """What was held when the exported month began."""
        self._month = month
        self._before: Sums = {}
        self._carried: Sums = {}
        self._open: dict[str, Sums] = {}

    def post(self, period: str, postings: tuple[Posting, ...], held: Nanos) -> None:
        """Book on the wallet's own accounts, and off the books what is held."""
        own = [(account, nanos) for account, nanos in postings if account in self._own]
        _add(self._open.setdefault(period, {}), own)
        if self._month is not None and period < self._month:
            _add(self._before, own)
            self.held_before += held

    def close(self, period: str) -> tuple[Nanos, list[Balance]]:
        """Carry a month forward; returns its posted balance and what its accounts come to."""
        for month in sorted(month for month in self._open if month <= period):
            _add(self._carried, self._open.pop(month).items())
        self.calendar.close(period)
        shown = self._month in {None, period}
        return -sum(self._carried.values()), self._balances(period, self._carried) if shown else []

    def finish(self) -> Iterator[Balance]:
        """Tell what the accounts come to at the end of each month that is still open."""
        for month in sorted(self._open):
            _add(self._carried, self._open[month].items())
            if self._month in {None, month}:
                yield from self._balances(month, self._carried)

    def opening(self) -> tuple[Posting, ...]:
        """Tell what the exported month begins with."""
        return balanced(*self._before.items(), (accounts.OPENING, -sum(self._before.values())))

    def _balances(self, period: str, sums: Sums) -> list[Balance]:
        day = last_day(period)
        return [Balance(day, period, name, sums[name], self.currency) for name in sorted(sums)]


def _add(sums: Sums, postings: Iterable[tuple[str, Nanos]]) -> None:
    for account, nanos in postings:
        sums[account] = sums.get(account, 0) + nanos
