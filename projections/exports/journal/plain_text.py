"""What beancount and hledger have in common: accounts are declared before they are used.

Every amount has all nine places: both programs infer what they forgive from the places they see.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Final

from domain.money import NANOS_PER_UNIT, Nanos
from projections.exports.columns import NANO_PLACES
from projections.exports.journal.entries import Balance, Entry
from projections.exports.sidecar import Control


class PlainText(ABC):
    """Writes entries and balances as text, and what they use before it is used."""

    def __init__(self, out: Any, control: Control, title: str) -> None:
        self._out = out
        self._control = control
        self._declared: set[str] = set()
        out.write(self.header(title).encode())

    def write(self, items: Iterable[Entry | Balance]) -> None:
        """Append what was booked, and what accounts come to."""
        self._out.write("".join(map(self._text, items)).encode())

    def finish(self) -> None:
        """End with an empty line, as text files do."""
        self._out.write(b"\n")

    @abstractmethod
    def header(self, title: str) -> str:
        """Begin the file."""

    @abstractmethod
    def commodity(self, currency: str) -> str:
        """Declare a currency."""

    @abstractmethod
    def account(self, name: str) -> str:
        """Declare an account."""

    @abstractmethod
    def entry(self, entry: Entry) -> str:
        """Write a transaction."""

    @abstractmethod
    def balance(self, balance: Balance) -> str:
        """Write what an account must come to."""

    def _text(self, item: Entry | Balance) -> str:
        if isinstance(item, Balance):
            new = self._declare(item.currency, [item.account])
            return new + self.balance(item)
        debit = sum(nanos for _, nanos in item.postings if nanos > 0)
        self._control.add(item.currency, debit=debit, credit=debit)
        new = self._declare(item.currency, [account for account, _ in item.postings])
        return new + self.entry(item)

    def _declare(self, currency: str, used: Iterable[str]) -> str:
        new = self.commodity(currency) if currency not in self._declared else ""
        self._declared.add(currency)
        for name in used:
            if name not in self._declared:
                self._declared.add(name)
                new += self.account(name)
        return new


def one_line(text: str) -> str:
    """Leave out what ends a line, or is seen by nobody."""
    return _CONTROLS.sub(" ", text)


def tag_key(name: str) -> str:
    """Name a tag as both programs can: no name of the journal's own, and no other tag's.

    Keys have no dots, and tags have no capitals.
    """
    return "tag-" + name.replace(".", "-DOT-")


def amount(nanos: Nanos, currency: str) -> str:
    """Write an amount with all its places."""
    units, fraction = divmod(abs(nanos), NANOS_PER_UNIT)
    return f"{'-' if nanos < 0 else ''}{units}.{fraction:0{_PLACES}d} {currency}"


_PLACES: Final = NANO_PLACES
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
