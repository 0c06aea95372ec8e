"""A supplier's report of what it metered or billed: its lines by day, model and credential."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from domain import ids
from domain.aggregate import Fact, FirstFact, Recorded
from domain.errors import InvalidRequestError, UnpricedCurrencyError
from domain.moment import Moment
from domain.money import Nanos

USAGE, COST = "usage", "cost"
"""Kinds of figures: tokens, and money."""

LINES_PER_FACT = 500
ITEM = "item:"
"""What a line's model begins with if it is no model's, such as a fee for searches."""


class InvalidReportError(InvalidRequestError):
    """The report cannot be taken; says where in it and why, and nothing was kept."""

    code = "invalid_report"

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}.", where)
        self.problem = problem


class ReportCurrencyError(UnpricedCurrencyError):
    """The report is in another currency than our suppliers' costs, so nothing could be compared."""

    code = "currency_mismatch"

    def __init__(self, currency: str, ours: str) -> None:
        super().__init__(currency)
        self.args = (f"The report is in {currency}; suppliers' costs are in {ours}.",)


Listed = tuple[str, str, str, str, dict[str, int]]
"""A line in the log: day, model, credential and component, and its figures by name."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a supplier says of one day, model and credential; each figure may be untold.

    `usage` is in exclusive buckets, `amount` in nanos; an empty credential is one it did not name.
    """

    day: str
    model: str
    credential: str = ""
    component: str = ""
    """Which part of the bill the amount is for; empty for all of it."""
    usage: Mapping[str, int] | None = None
    requests: int | None = None
    amount: Nanos | None = None

    def listed(self) -> Listed:
        """Write it for the log; a figure that is not told is left out, `tokens` says usage is."""
        told = {"amount": self.amount, "requests": self.requests}
        if self.usage is not None:
            told |= {"tokens": sum(self.usage.values()), **self.usage}
        figures = {name: figure for name, figure in told.items() if figure is not None}
        return self.day, self.model, self.credential, self.component, figures


@dataclass(frozen=True, slots=True)
class Draft:
    """A report that was read and found sound; `days` are all that it speaks of, also in zeros."""

    provider: str
    format: str
    sha256: str
    kinds: tuple[str, ...]
    days: tuple[str, ...]
    lines: tuple[Line, ...]
    currency: str | None = None
    partial_days: tuple[str, ...] = ()
    """Days of which it does not tell every hour."""
    read_count: int = 0
    """How many lines the file had, before those of the same key were added up."""

    def report_id(self, shard: int) -> UUID:
        """Name the report by its provider and its bytes: the same file is the same report."""
        return ids.named(shard, "supplier-report", self.provider, self.sha256)


class Imported(FirstFact):
    """A file was taken in; its lines follow in the same commit."""

    TOPIC = "supplier_report.imported.1"
    provider: str
    format: str
    sha256: str
    kinds: list[str]
    currency: str | None
    days: list[str]
    partial_days: list[str]
    read_count: int
    line_count: int
    actor: str


class LinesListed(Fact):
    """Some of its lines, in the order of day, model, credential and component.

    They are numbered through the report; `first` is the number of the first one here.
    """

    TOPIC = "supplier_report.lines_listed.1"
    first: int
    lines: list[Listed]


class SupplierReport(Recorded):
    """One file of one provider; nothing of it ever changes."""

    TOPIC = "supplier_report"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.provider = ""
        self.format = ""
        self.line_count = 0
        self.listed = 0

    @property
    def retired(self) -> bool:
        """Whether nothing more will come of it: always, once it is imported."""
        return True

    @classmethod
    def take(cls, at: Moment, shard: int, draft: Draft, *, actor: str) -> Self:
        """Begin with the file's facts and list its lines."""
        report = cls.begin(
            Imported,
            at,
            draft.report_id(shard),
            provider=draft.provider,
            format=draft.format,
            sha256=draft.sha256,
            kinds=list(draft.kinds),
            currency=draft.currency,
            days=list(draft.days),
            partial_days=list(draft.partial_days),
            read_count=draft.read_count,
            line_count=len(draft.lines),
            actor=actor,
        )
        for first in range(0, len(draft.lines), LINES_PER_FACT):
            part = [line.listed() for line in draft.lines[first : first + LINES_PER_FACT]]
            report.record(LinesListed, at, first=first + 1, lines=part)
        return report

    def when_imported(self, fact: Imported) -> None:
        """Keep what a second import of the file is compared with."""
        self.provider = fact.provider
        self.format = fact.format
        self.line_count = fact.line_count

    def when_lines_listed(self, fact: LinesListed) -> None:
        """Count them."""
        self.listed += len(fact.lines)
