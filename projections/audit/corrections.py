"""Corrections: linked to a charge that exists, chained by its total, the same on all sides (I9)."""

from psycopg import Connection

from domain import api_key_events as key, inference_request as request, wallet_events as wallet
from domain.correction_batch import Opened
from domain.money import Nanos
from projections.audit.account import by_grant
from projections.audit.findings import Findings, Judge, judge
from projections.audit.prices import PriceAudit
from projections.events import Event, event_of

SIDES = {
    wallet.Corrected.TOPIC: "wallet",
    key.Corrected.TOPIC: "key",
    request.Corrected.TOPIC: "request",
}


class CorrectionAudit:
    """Looks a corrected call up in the log: corrections are rare, and remembering all is not."""

    def __init__(self, findings: Findings, prices: PriceAudit, conn: Connection) -> None:
        self._findings = findings
        self._prices = prices
        self._batches: dict[str, str] = {}
        """The price version of every batch."""
        self._conn = conn
        self._pending: dict[str, dict[str, Event]] = {}
        self.count = 0

    def take(self, event: Event) -> None:
        """Judge one event, if it is a correction's."""
        if event.topic == Opened.TOPIC:
            self._batches[event.originator_id] = event.fields["price_version"]
        side = SIDES.get(event.topic)
        if side is None:
            return
        check = judge(self._findings, event)
        request_id = event.fields.get("request_id", event.originator_id)
        said = self._pending.setdefault(request_id, {})
        check(side not in said, "corrections", "the correction before it is not complete")
        said[side] = event
        if len(said) == len(SIDES):
            self.count += 1
            _compare(said, self._findings)
            self._check_history(said)
            del self._pending[request_id]

    def finish(self) -> None:
        """Judge what is incomplete at the end of the log."""
        for said in self._pending.values():
            for side, event in said.items():
                self._findings.add("corrections", event, f"corrected only on the {side}")

    def _check_history(self, said: dict[str, Event]) -> None:
        corrected = said["request"]
        check = judge(self._findings, corrected)
        before = self._conn.execute(_HISTORY, (corrected.originator_id, corrected.position))
        history = [event_of(*row) for row in before]
        first = next((e for e in history if e.topic == request.Reserved.TOPIC), None)
        if first is not None:
            self._check_owner(said, first)
        total = _total(history)
        check(total is not None, "corrections", "there is nothing to correct: no charge, no end")
        if total is not None:
            after = total - corrected.fields["amount"]
            right = corrected.fields["total"] == after >= 0
            check(right, "corrections", f"the charge was {total} and should now be {after}")
            self._check_rating(corrected, history, check)
        own = _own_period(history)
        right = own in {None, said["wallet"].fields["corrects"]}
        judge(self._findings, said["wallet"])(right, "corrections", f"the charge was in {own}")

    def _check_rating(self, corrected: Event, history: list[Event], check: Judge) -> None:
        """Judge a re-rating by its batch and by the prices."""
        batch_id, version = corrected.fields["batch_id"], corrected.fields["price_version"]
        expected = self._batches.get(batch_id) if batch_id else None
        check(version == expected, "corrections", f"the batch re-rates at {expected}")
        change = self._prices.rerated(history, version) if version else None
        if change is not None:
            right = corrected.fields["amount"] == change
            check(right, "price", f"re-rating comes to {change}")

    def _check_owner(self, said: dict[str, Event], first: Event) -> None:
        for side in ("wallet", "key"):
            same = said[side].originator_id == first.fields[f"{side}_id"]
            check = judge(self._findings, said[side])
            check(same, "corrections", f"another {side} is corrected than was charged")
        check = judge(self._findings, said["key"])
        same = said["key"].fields["window"] == first.fields["window"]
        check(same, "corrections", "the correction counts in another window than the charge")


def _compare(said: dict[str, Event], findings: Findings) -> None:
    on_wallet, on_key, first = (said[side] for side in ("wallet", "key", "request"))
    message = "wallet, key and request are corrected differently"
    findings.compare("corrections", [on_wallet, on_key, first], "amount", message)
    for name in ("correction_id", "batch_id", "period"):
        findings.compare("corrections", [on_wallet, first], name, message)
    moved = by_grant(on_wallet.fields["allocations"], on_wallet.fields["expired"])
    if moved != by_grant(first.fields["allocations"]):
        for event in (on_wallet, first):
            findings.add("corrections", event, f"{message}: allocations")


def _own_period(history: list[Event]) -> str | None:
    """Tell in which month a call was charged, or if it was not, held for."""
    told = [e.fields["period"] for e in history if e.topic in _BOOKED]
    return told[-1] if told else None


def _total(history: list[Event]) -> Nanos | None:
    """Tell what an ended call had come to, or None if it had not ended."""
    total: Nanos | None = None
    for event in history:
        if event.topic == request.Charged.TOPIC:
            total = event.fields["amount"]
        elif event.topic == request.Released.TOPIC:
            total = 0
        elif event.topic == request.Corrected.TOPIC:
            total = event.fields["total"]
    return total


_BOOKED = {request.Reserved.TOPIC, request.Charged.TOPIC}
_HISTORY = """
    SELECT position, topic, encode(uuid_send(originator_id), 'hex'), state
    FROM public.ledger_events WHERE originator_id = %s AND position < %s
    ORDER BY originator_version
"""
