"""Alerts: a line is told only when it is crossed, and in turns."""

from domain import api_key_events as key, wallet_events as wallet
from projections.audit.findings import Findings, judge
from projections.events import Event

RULE = "alerts"
RAISED = {wallet.AlertRaised.TOPIC: True, wallet.AlertCleared.TOPIC: False}
REQUESTED = {wallet.RechargeRequested.TOPIC: True, wallet.RechargeCleared.TOPIC: False}


class AlertAudit:
    """Follows which lines of each wallet are crossed."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._lines: dict[str, dict[tuple[str, int, int], bool]] = {}
        self._percents: dict[str, list[int]] = {}
        self._told: set[tuple[str, str, int]] = set()

    def take(self, event: Event) -> None:
        """Judge one event, if it concerns a line, and follow it."""
        fact = event.fields
        if event.topic == wallet.AlertsChanged.TOPIC:
            wanted = [("alert", line, 0) for line in fact["thresholds"]]
            if fact["recharge_below"] is not None:
                wanted.append(("recharge", fact["recharge_below"], fact["recharge_amount"]))
            before = self._lines.get(event.originator_id, {})
            self._lines[event.originator_id] = {line: before.get(line, False) for line in wanted}
            self._percents[event.originator_id] = fact["quota_percents"]
        elif event.topic in RAISED:
            self._cross(event, "alert", fact["threshold"], crossed=RAISED[event.topic])
        elif event.topic in REQUESTED:
            self._cross(event, "recharge", fact["below"], crossed=REQUESTED[event.topic])

        elif event.topic == key.QuotaAlertRaised.TOPIC:
            self._reach(event)

    def _reach(self, event: Event) -> None:
        fact, check = event.fields, judge(self._findings, event)
        percent = fact["percent"]
        reached = 100 * fact["spent"] >= percent * fact["quota"]
        check(reached, RULE, f"{percent} percent are not spent")
        watched = percent in self._percents.get(fact["wallet_id"], [])
        check(watched, RULE, "nobody asked for this percent")
        told = (event.originator_id, fact["window"], percent)
        check(told not in self._told, RULE, "told before in this window")
        self._told.add(told)

    def _cross(self, event: Event, kind: str, place: int, *, crossed: bool) -> None:
        check = judge(self._findings, event)
        lines = self._lines.get(event.originator_id, {})
        line = next((line for line in lines if line[:2] == (kind, place)), None)
        below = event.fields["available"] <= place
        check(below == crossed, RULE, "the credit available is on the other side of the line")
        if line is None:
            check(False, RULE, "nobody drew this line")
            return
        check(lines[line] != crossed, RULE, "told before")
        lines[line] = crossed
