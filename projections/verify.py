"""Verifying: the whole log judged again, and every read model compared, in one snapshot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from psycopg import Connection

from projections.audit.auditor import Auditor
from projections.audit.findings import Finding
from projections.audit.models import ModelAudit
from projections.audit.outside import Evidence
from projections.audit.seal import SealAudit, Sealed, Tail
from projections.catalogue import ALL
from projections.compare import Comparison
from projections.events import WINDOW, WholeLog, head
from projections.projection import Projection
from projections.upkeep import Progress, silent, snapshot, upkeep

SLACK: Final = timedelta(minutes=2)
"""How long after its hold's end a call may still be open: some rounds of the sweeper."""


@dataclass(slots=True)
class Report:
    """What was looked at and what was found; sound if there is no violation."""

    position: int
    events: int = 0
    wallets: int = 0
    calls: int = 0
    charges: int = 0
    corrections: int = 0
    violations: list[Finding] = field(default_factory=list[Finding])
    violation_count: int = 0
    """May be more than are listed."""
    warnings: list[Finding] = field(default_factory=list[Finding])
    compared: list[Comparison] = field(default_factory=list[Comparison])
    sealed: Sealed = field(default_factory=Sealed)
    tail: Tail = field(default_factory=Tail)
    """What came after the newest head, and is not sealed yet."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found that cannot be so."""
        return not self.violation_count


def verify(
    connect: Callable[[], Connection],
    projections: Sequence[Projection] = ALL,
    *,
    slack: timedelta = SLACK,
    progress: Progress = silent,
    evidence: Evidence | None = None,
) -> Report:
    """Judge the log and every read model; takes the owner's connections and changes nothing.

    Raises BusyError while a rebuild swaps tables.
    """
    with upkeep(connect, shared=True) as conn, snapshot(conn):
        return _verify(conn, projections, slack, progress, evidence)


def _verify(
    conn: Connection,
    projections: Sequence[Projection],
    slack: timedelta,
    progress: Progress,
    evidence: Evidence | None,
) -> Report:
    report = Report(head(conn))
    auditor = Auditor(conn)
    seal = SealAudit(auditor.findings, evidence)
    _audit(conn, auditor, seal, report.position, progress)
    report.sealed, report.tail = seal.sealed, seal.tail
    now = conn.execute("SELECT transaction_timestamp()").fetchone()
    assert now is not None, "a clock always answers"
    report.warnings += auditor.finish(now[0], slack)
    models = ModelAudit(conn, auditor.findings, report.position)
    for number, projection in enumerate(projections, 1):
        models.take(projection)
        progress(
            report.position * (len(projections) + number), report.position * 2 * len(projections)
        )
    models.check_figures(auditor.wallets.accounts)
    report.compared, report.warnings = models.compared, report.warnings + models.warnings
    report.events, report.wallets = auditor.events, len(auditor.wallets.accounts)
    report.calls, report.charges = auditor.calls.count, auditor.calls.charges
    report.corrections = auditor.corrections.count
    report.violations = sorted(auditor.findings.kept, key=lambda finding: finding.position)
    report.violation_count = auditor.findings.count
    return report


def _audit(
    conn: Connection, auditor: Auditor, seal: SealAudit, end: int, progress: Progress
) -> None:
    log, position = WholeLog(), 0
    seal.begin(conn)
    while position < end:
        progress(position, 2 * end)
        upto = min(end, position + WINDOW)
        rows = log.window(conn, position, upto)
        seal.take(conn, rows, position, upto)
        auditor.take(row[:4] for row in rows)
        position = upto
    seal.finish(conn, end)
