"""The auditor: every rule on every event, and what is left to say at the end."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from psycopg import Connection

from projections.audit.alerts import AlertAudit
from projections.audit.calls import CallAudit
from projections.audit.conversations import ConversationAudit
from projections.audit.corrections import CorrectionAudit
from projections.audit.findings import Finding, Findings
from projections.audit.keys import KeyAudit
from projections.audit.payments import PaymentAudit
from projections.audit.periods import PeriodAudit
from projections.audit.prices import PriceAudit
from projections.audit.sequence import check_sequence
from projections.audit.shape import check_shape
from projections.audit.statements import StatementAudit
from projections.audit.wallets import WalletAudit
from projections.events import Event, event_of


class Auditor:
    """Takes the log event by event, on a connection that sees one snapshot."""

    def __init__(self, conn: Connection) -> None:
        self.findings = Findings()
        self.events = 0
        self.prices = PriceAudit(self.findings)
        self.wallets = WalletAudit(self.findings)
        self.keys = KeyAudit(self.findings)
        self.calls = CallAudit(self.findings, self.prices)
        self.corrections = CorrectionAudit(self.findings, self.prices, conn)
        self.periods = PeriodAudit(self.findings)
        self.statements = StatementAudit(self.findings)
        self.payments = PaymentAudit(self.findings)
        self.alerts = AlertAudit(self.findings)
        self.conversations = ConversationAudit(self.findings)
        self._audits = (
            self.prices, self.wallets, self.keys, self.calls, self.corrections, self.periods,
            self.statements, self.payments, self.alerts, self.conversations,
        )  # fmt: skip
        self._conn = conn
        self._latest = datetime.min.replace(tzinfo=UTC)

    def take(self, rows: Iterable[tuple[int, str, str, bytes]]) -> None:
        """Judge the next events as they are stored."""
        for row in rows:
            self.events += 1
            event = self._decoded(*row)
            if event is None or not check_shape(event, self.findings):
                continue
            self._check_time(event)
            for audit in self._audits:
                audit.take(event)

    def finish(self, now: datetime, slack: timedelta) -> list[Finding]:
        """Judge the log as a whole; returns warnings about calls that should be over."""
        self.corrections.finish()
        self.statements.finish()
        self.payments.finish()
        check_sequence(self._conn, self.findings)
        return list(self.calls.finish(now, slack))

    def _decoded(self, position: int, topic: str, originator_id: str, state: bytes) -> Event | None:
        try:
            if state.startswith(b"{"):
                return event_of(position, topic, originator_id, state)
            problem = "no fields"
        except (LookupError, TypeError, ValueError) as error:
            problem = str(error)
        found = Finding("shape", position, topic, originator_id, f"cannot be read: {problem}")
        self.findings.note(found)
        return None

    def _check_time(self, event: Event) -> None:
        """Time never goes back along the log (I14)."""
        now = datetime.fromisoformat(event.fields["timestamp"])
        if now < self._latest:
            self.findings.add("time", event, f"recorded before {self._latest}, which is earlier")
        self._latest = max(now, self._latest)
