"""What an audit finds, each with the event at fault."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from projections.events import Event

KEPT_MAX: Final = 1_000
"""Findings that are kept in full; all are counted."""


class Finding(NamedTuple):
    """One thing that cannot be so, and the event that shows it."""

    check: str
    """The invariant's name, such as `holds` or `price`."""
    position: int
    topic: str
    originator_id: str
    message: str


class Findings:
    """Collects findings without end."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.count = 0

    def add(self, check: str, event: Event, message: str) -> None:
        """Note what an event shows."""
        self.note(Finding(check, event.position, event.topic, event.originator_id, message))

    def note(self, finding: Finding) -> None:
        """Keep a finding, or only count it when there are too many."""
        self.count += 1
        if len(self.kept) < KEPT_MAX:
            self.kept.append(finding)

    def compare(self, check: str, events: Sequence[Event], name: str, message: str) -> None:
        """Note which events do not agree with the others on a field; all, if no two agree."""
        said = [event.fields[name] for event in events]
        votes = [said.count(value) for value in said]
        if votes[0] == len(said):
            return
        most = max(votes)
        for event, count in zip(events, votes, strict=True):
            if count < most or most == 1:
                self.add(check, event, f"{message}: {name}")


Judge = Callable[[bool, str, str], None]
"""Is told whether something holds, the invariant's name and what to say if it does not."""


def judge(findings: Findings, event: Event) -> Judge:
    """Make the judge of one event."""

    def check(holds: bool, name: str, message: str) -> None:
        if not holds:
            findings.add(name, event, message)

    return check
