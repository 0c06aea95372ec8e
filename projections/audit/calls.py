"""Calls: the same hold and the same charge on wallet, key and request, ended once (I4, I6, I7).

A call is forgotten as soon as all three agree that it is over, so memory holds open calls only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain import api_key_events as key, inference_request as request, wallet_events as wallet
from projections.audit.findings import Finding, Findings, Judge, judge
from projections.audit.prices import PriceAudit
from projections.events import Event

RESERVED = {
    wallet.Reserved.TOPIC: "wallet",
    key.Reserved.TOPIC: "key",
    request.Reserved.TOPIC: "request",
}
CHARGED = {
    wallet.Charged.TOPIC: "wallet",
    key.Charged.TOPIC: "key",
    request.Charged.TOPIC: "request",
}
ENDED = {
    wallet.Released.TOPIC: "wallet",
    wallet.HoldExpired.TOPIC: "wallet",
    key.Released.TOPIC: "key",
    key.HoldExpired.TOPIC: "key",
    request.Released.TOPIC: "request",
}
SIDES = ("wallet", "key", "request")


@dataclass(slots=True)
class Call:
    """What the three sides have said about a call so far."""

    reserved: dict[str, Event] = field(default_factory=dict[str, Event])
    charged: dict[str, Event] = field(default_factory=dict[str, Event])
    ended: dict[str, Event] = field(default_factory=dict[str, Event])
    """The fact that ended each side, a charge or not."""
    unknown: bool = False

    @property
    def last(self) -> Event:
        """The last thing that was said, to name when something is missing."""
        said = (*self.reserved.values(), *self.charged.values(), *self.ended.values())
        return max(said, key=lambda event: event.position)

    @property
    def over(self) -> bool:
        """Whether nothing more can come but corrections."""
        return len(self.reserved) == len(self.ended) == len(SIDES) and len(self.charged) in {0, 3}


class CallAudit:
    """Follows every open call."""

    def __init__(self, findings: Findings, prices: PriceAudit) -> None:
        self._findings = findings
        self._prices = prices
        self.calls: dict[str, Call] = {}
        self.count = 0
        self.charges = 0

    def take(self, event: Event) -> None:
        """Judge one event, if it is a call's, and follow it."""
        topic = event.topic
        if side := RESERVED.get(topic):
            self._reserve(event, side)
        elif side := CHARGED.get(topic):
            self._charge(event, side)
        elif side := ENDED.get(topic):
            self._end(event, side)
        elif topic == request.OutcomeUnknown.TOPIC:
            self._lose(event)

    def finish(self, now: datetime, slack: timedelta) -> Iterable[Finding]:
        """Judge what is still open at the end; gives those that should have expired by now."""
        for request_id, call in self.calls.items():
            for problem in _unfinished(call):
                self._findings.add("calls", call.last, f"the call {request_id}: {problem}")
            first = call.reserved.get("request")
            if first and call.ended.keys() != set(SIDES) and not call.unknown:
                expires_at = datetime.fromisoformat(first.fields["expires_at"])
                if expires_at + slack < now:
                    message = f"open since its hold ran out at {expires_at}"
                    yield Finding(
                        "overdue", first.position, first.topic, first.originator_id, message
                    )

    def _reserve(self, event: Event, side: str) -> None:
        check = judge(self._findings, event)
        request_id = _request_id(event)
        call = self.calls.get(request_id)
        if call is None:
            call = self.calls[request_id] = Call()
            self.count += 1
        check(side not in call.reserved, "calls", "the call holds already")
        call.reserved[side] = event
        if side == "request":
            self._prices.check_hold(event, check)
        if len(call.reserved) == len(SIDES):
            _compare_holds(call, self._findings)

    def _charge(self, event: Event, side: str) -> None:
        check = judge(self._findings, event)
        call = self._open_call(event, check)
        if call is None:
            return
        check(side not in call.charged, "calls", "the call is charged already")
        # A side whose hold has run out before is charged late; a charge after a release is not.
        before = call.ended.get(side)
        late = before is None or "expired" in before.topic
        check(late, "calls", "the call was ended otherwise")
        call.charged[side] = call.ended[side] = event
        if side == "request":
            self.charges += 1
            self._prices.check_charge(call.reserved.get(side), event, check)
        elif side == "key" and (first := call.reserved.get(side)):
            held = first.fields["amount"] if before is None else 0
            check(event.fields["held"] == held, "calls", f"the key held {held}")
        if len(call.charged) == len(SIDES):
            _compare_charges(call, self._findings)
        self._forget_if_over(event, call)

    def _end(self, event: Event, side: str) -> None:
        check = judge(self._findings, event)
        call = self._open_call(event, check)
        if call is None:
            return
        check(side not in call.ended, "calls", "the call has ended already")
        call.ended[side] = event
        first = call.reserved.get(side)
        if first is not None and side == "key":
            same = event.fields["held"] == first.fields["amount"]
            check(same, "calls", f"the key held {first.fields['amount']}")
        self._forget_if_over(event, call)

    def _lose(self, event: Event) -> None:
        check = judge(self._findings, event)
        call = self._open_call(event, check)
        if call is not None:
            check("request" not in call.ended, "calls", "the call has ended already")
            check("wallet" in call.ended, "calls", "the call is given up and still held for")
            call.unknown = True

    def _open_call(self, event: Event, check: Judge) -> Call | None:
        call = self.calls.get(_request_id(event))
        known = call is not None
        check(known, "calls", "the call has ended already, or never began")
        return call

    def _forget_if_over(self, event: Event, call: Call) -> None:
        if call.over:
            del self.calls[_request_id(event)]


def _request_id(event: Event) -> str:
    request_id: str = event.fields.get("request_id", event.originator_id)
    return request_id


def _compare_holds(call: Call, findings: Findings) -> None:
    said = [call.reserved[side] for side in SIDES]
    for name in ("amount", "expires_at"):
        findings.compare("calls", said, name, "wallet, key and request hold differently")
    on_wallet, on_key, first = said
    findings.compare("calls", [on_wallet, first], "key_id", "held for different keys")
    findings.compare("calls", [on_wallet, first], "period", "held in different months")
    findings.compare("calls", [on_key, first], "window", "held in different windows")
    for side, event in (("wallet", on_wallet), ("key", on_key)):
        if event.originator_id != first.fields[f"{side}_id"]:
            findings.add("calls", event, f"the request names another {side}")


def _compare_charges(call: Call, findings: Findings) -> None:
    said = [call.charged[side] for side in SIDES]
    findings.compare("calls", said, "amount", "wallet, key and request are charged differently")
    on_wallet, on_key, first = said
    for name in ("absorbed", "allocations", "period"):
        findings.compare("calls", [on_wallet, first], name, "charged differently")
    for side, event in (("wallet", on_wallet), ("key", on_key)):
        held = call.reserved.get(side)
        if held is not None and held.originator_id != event.originator_id:
            findings.add("calls", event, f"another {side} is charged than held for")
    held = call.reserved.get("key")
    if held is not None and held.fields["window"] != on_key.fields["window"]:
        findings.add("calls", on_key, "the charge counts in another window than the hold")


def _unfinished(call: Call) -> Iterable[str]:
    """Tell what of an unforgotten call cannot be so, once the log is at its end."""
    if missing := [side for side in SIDES if side not in call.reserved]:
        yield f"no hold on the {' and the '.join(missing)}"
    if call.charged and (missing := [side for side in SIDES if side not in call.charged]):
        yield f"charged, but not on the {' and the '.join(missing)}"
    elif "request" in call.ended:
        missing = [side for side in SIDES if side not in call.ended]
        if missing:
            yield f"ended, but still held on the {' and the '.join(missing)}"
    elif any(topic in _FINAL for topic in (event.topic for event in call.ended.values())):
        yield "released, but not as a request"


_FINAL = {wallet.Released.TOPIC, key.Released.TOPIC}
