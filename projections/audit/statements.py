"""Statements: numbered without a gap, each in the commit that closes its month (I11)."""

from typing import NamedTuple

from domain.issuer import Numbered
from domain.statement import Issued
from domain.wallet_events import PeriodClosed
from projections.audit.findings import Findings, Judge, judge
from projections.events import Event, Fields


class Month(NamedTuple):
    """A month of a wallet."""

    wallet_id: str
    period: str


class StatementAudit:
    """Follows every issuer's numbers and what was issued under them."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._last: dict[str, int] = {}
        self._numbered: dict[Month, Event] = {}
        self._closed: dict[Month, Event] = {}
        self._issued: set[Month] = set()

    def take(self, event: Event) -> None:
        """Judge one event, if it concerns a statement, and follow it."""
        fact, check = event.fields, judge(self._findings, event)
        if event.topic == Numbered.TOPIC:
            expected = self._last.get(event.originator_id, 0) + 1
            check(fact["number"] == expected, "statements", f"the next number is {expected}")
            self._last[event.originator_id] = fact["number"]
            self._numbered[Month(fact["wallet_id"], fact["period"])] = event
        elif event.topic == PeriodClosed.TOPIC:
            month = Month(event.originator_id, fact["period"])
            check(month not in self._closed, "statements", "the month was closed before")
            self._closed.setdefault(month, event)
        elif event.topic == Issued.TOPIC:
            self._issue(event, fact, check)

    def finish(self) -> None:
        """Judge each number by the month that it was given to; a commit has them in any order."""
        for month in self._numbered.keys() | self._closed.keys():
            numbered, closed = self._numbered.get(month), self._closed.get(month)
            if numbered is None or closed is None:
                alone = numbered or closed
                assert alone is not None, "one of them names the month"
                message = f"{month.period} is closed without a number, or numbered and not closed"
                self._findings.add("statements", alone, message)
            elif closed.fields["number"] != numbered.fields["number"]:
                message = f"the issuer gave {numbered.fields['number']}"
                self._findings.add("statements", closed, message)

    def _issue(self, event: Event, fact: Fields, check: Judge) -> None:
        month = Month(fact["wallet_id"], fact["period"])
        closed = self._closed.get(month)
        number = closed.fields["number"] if closed else None
        check(number == fact["number"], "statements", f"the closed month has number {number}")
        check(fact["position"] < event.position, "statements", "drawn from what was not there yet")
        check(month not in self._issued, "statements", "issued before")
        self._issued.add(month)
