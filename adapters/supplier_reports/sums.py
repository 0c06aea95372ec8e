"""A file's lines added up by day, model, credential and component.

Amounts are added exactly, however many places they have; only the sum is rounded to nanos, half to
even. So neither the order of lines nor how a figure is split over them can matter.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from adapters.supplier_reports.found import Found
from domain.money import NANOS_MAX, NANOS_PER_UNIT, Nanos
from domain.supplier_report import COST, USAGE, InvalidReportError, Line

PRECISION: Final = 120
"""Digits to calculate with: no sum of amounts within reason needs more."""

Key = tuple[str, str, str, str]


@dataclass(slots=True)
class Sum:
    """What the lines of one key come to; a figure that no line tells stays untold."""

    usage: dict[str, int] | None = None
    requests: int | None = None
    amount: Decimal | None = None

    def add(self, line: Found) -> None:
        """Add a line."""
        if line.usage is not None:
            usage = self.usage = self.usage or {}
            for component, quantity in line.usage.items():
                usage[component] = usage.get(component, 0) + quantity
        if line.requests is not None:
            self.requests = (self.requests or 0) + line.requests
        if line.amount is not None:
            self.amount = (self.amount or Decimal(0)) + line.amount


class Sums:
    """The lines of one file, taken one by one."""

    def __init__(self) -> None:
        self.currency: str | None = None
        self.count = 0
        self._by_key: dict[Key, Sum] = {}

    def add(self, line: Found) -> None:
        """Add a line, or raise InvalidReportError if others are in another currency."""
        if line.currency is not None:
            if self.currency not in {None, line.currency}:
                problem = f"is in {line.currency}, and others are in {self.currency}"
                raise InvalidReportError(line.where, problem)
            self.currency = line.currency
        key = (line.day, line.model, line.credential, line.component)
        self._by_key.setdefault(key, Sum()).add(line)
        self.count += 1

    @property
    def days(self) -> set[str]:
        """Name the days that have lines."""
        return {key[0] for key in self._by_key}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name the kinds of figures that the lines tell."""
        sums = self._by_key.values()
        told = {
            USAGE: any(found.usage is not None for found in sums),
            COST: any(found.amount is not None for found in sums),
        }
        return tuple(kind for kind, there in told.items() if there)

    def lines(self) -> tuple[Line, ...]:
        """Write them in order."""
        return tuple(_line(key, found) for key, found in sorted(self._by_key.items(), key=_by_key))


def _by_key(entry: tuple[Key, Sum]) -> Key:
    return entry[0]


def _line(key: Key, found: Sum) -> Line:
    usage = None
    if found.usage is not None:
        usage = {component: n for component, n in sorted(found.usage.items()) if n}
    amount = None if found.amount is None else _nanos(" ".join(key), found.amount)
    return Line(*key, usage=usage, requests=found.requests, amount=amount)


def _nanos(where: str, amount: Decimal) -> Nanos:
    nanos = int((amount * NANOS_PER_UNIT).to_integral_value(ROUND_HALF_EVEN))
    if abs(nanos) > NANOS_MAX:
        raise InvalidReportError(where, "adds up to more than a ledger can hold")
    return nanos
