"""What a report is: named columns, lines drawn in one snapshot, and totals over them."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from domain.money import Nanos, format_amount, parse_amount
from projections.csv_text import csv_line
from projections.lines import Line, Lines
from projections.long_read import Row, long_read


class Asked(NamedTuple):
    """What a report is to be about; months are included on both sides."""

    now: datetime
    customer_id: UUID | None = None
    since: str | None = None
    until: str | None = None
    by_customer: bool = False
    margins: Mapping[str, int] = MappingProxyType({})
    """In percent, of the models that there are now."""


class Totals(NamedTuple):
    """Which columns tell totals apart, and which amounts are summed up."""

    by: tuple[str, ...]
    amounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One report; `parameters` are those that it takes of customer, month, from, to and by."""

    name: str
    columns: tuple[str, ...]
    totals: Totals
    parameters: frozenset[str]
    lines: Callable[[AsyncConnection[Any], Asked], AsyncGenerator[Line]]


@dataclass(slots=True)
class DrawnReport:
    """A report as it was drawn; close it when it is written."""

    report: Report
    asked: Asked
    lines: Lines = field(default_factory=Lines)
    sums: dict[tuple[str, ...], Counter[str]] = field(
        default_factory=dict[tuple[str, ...], Counter[str]]
    )

    def add(self, line: Line) -> None:
        """Add a line, and what it adds to the totals."""
        by, amounts = self.report.totals
        key = tuple(str(line[name]) for name in by)
        sums = self.sums.setdefault(key, Counter())
        sums["lines"] += 1
        for name in amounts:
            sums[name] += parse_amount(line[name])
        self.lines.add(line, 0)

    def totals(self) -> list[Line]:
        """Give the totals, in order."""
        by, amounts = self.report.totals
        return [
            {
                **dict(zip(by, key, strict=True)),
                "lines": sums["lines"],
                **{name: format_amount(sums[name]) for name in amounts},
            }
            for key, sums in sorted(self.sums.items())
        ]

    def table(self) -> Iterator[bytes]:
        """Write the lines as CSV."""
        columns = self.report.columns
        yield csv_line(columns)
        for line in self.lines:
            yield csv_line(line[column] for column in columns)

    def close(self) -> None:
        """Throw the lines away."""
        self.lines.close()


async def draw_report(conn: AsyncConnection[Any], report: Report, asked: Asked) -> DrawnReport:
    """Draw a report in one snapshot; the connection is in autocommit and has caught up."""
    drawn = DrawnReport(report, asked)
    try:
        async with long_read(conn):
            async for line in report.lines(conn, asked):
                drawn.add(line)
    except BaseException:
        drawn.close()
        raise
    return drawn


def amounts_of(row: Row, *names: str) -> dict[str, str]:
    """Write these columns as amounts."""
    found: dict[str, Nanos] = {name: row[name] for name in names}
    return {name: format_amount(nanos) for name, nanos in found.items()}


def bucket_of(value: int, bounds: tuple[tuple[int, str], ...], beyond: str) -> str:
    """Name the first bucket that a value is within."""
    return next((name for bound, name in bounds if value <= bound), beyond)
