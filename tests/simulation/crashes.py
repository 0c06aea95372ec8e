"""Every step of a call at which a worker may be killed, and what must be true afterwards."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection

from tests.gateway_process import CATALOG, Customer, GatewayProcess
from tests.scripted_answers import words_of
from tests.scripted_upstream import Received, ScriptedUpstream, Step, completion, stream
from tests.simulation.books import CallBooks, WalletBooks, read_calls, read_wallet
from tests.simulation.callers import STREAM, Seen, ask, chat, run

PLANTED = Path(__file__).with_name("planted")
HOLD_SECONDS, DEADLINE_SECONDS, SWEEP_SECONDS = 3, 2, 0.5
PAUSE_SECONDS = 0.03

NOTHING, LOST, CHARGED = "nothing", "expired, outcome unknown", "one charge"

STEPS: dict[str, set[str]] = {
    "on arrival": {NOTHING},
    "before the reserve commits": {NOTHING},
    "while the reserve commits": {NOTHING, LOST},
    "after the reserve commits": {LOST},
    "before dispatch": {LOST},
    "after dispatch": {LOST},
    "before the first byte": {LOST},
    "after the first byte": {LOST},
    "mid-stream": {LOST},
    "before the last chunk": {LOST},
    "after the last chunk": {LOST},
    "before the charge commits": {LOST},
    "while the charge commits": {LOST, CHARGED},
    "after the charge commits": {CHARGED},
    "before the response ends": {CHARGED},
    "after the response ended": {CHARGED},
}
"""What the ledger may say at last; a commit in flight may land or not."""

UPSTREAM_WAS_ASKED = list(STEPS).index("after dispatch")
LAST = "after the response ended"


@dataclass
class Crash:
    """One kill: its step, what its caller saw, and what the upstream was asked."""

    step: str
    mode: str
    seen: Seen
    asked: int

    @property
    def name(self) -> str:
        return f"crash:{self.step.replace(' ', '-')}:{self.mode}"

    def check(self, outcome: str) -> None:
        """The ledger says what it must, and no caller has a whole answer that is not charged."""
        assert outcome in STEPS[self.step], f"{self.name}: {outcome}"
        assert self.seen.ended == (self.step == LAST), self.name
        assert outcome == CHARGED or not self.seen.ended, self.name
        expected = list(STEPS).index(self.step) >= UPSTREAM_WAS_ASKED
        if self.step != "while the reserve commits":
            assert self.asked == expected, f"{self.name}: the upstream was asked {self.asked} times"

    def row(self, outcome: str, charged: int) -> str:
        saw = "whole" if self.seen.ended else "part" if self.seen.body else "nothing"
        return f"{self.step:27} {self.mode:6}  {outcome:24} {charged:>7}   {saw:7}  {self.asked:>5}"


HEAD = f"{'killed':27} {'mode':6}  {'the ledger says':24} {'nanos':>7}   {'caller':7}  {'asked':>5}"


def in_pieces(request: Received) -> Iterable[Step]:
    """Answer slowly, so that every piece arrives by itself."""
    text = "First then midway and last."
    if request.json.get("stream"):
        return stream(words_of(text), delay_seconds=PAUSE_SECONDS)(request)
    (whole,) = completion(text)(request)
    assert isinstance(whole, bytes)
    cuts = [0, whole.index(b"First") + 5, whole.index(b"midway") + 6, whole.index(b'"usage"')]
    parts = [whole[a:b] for a, b in zip(cuts, [*cuts[1:], len(whole)], strict=True)]
    return [step for part in parts for step in (part, PAUSE_SECONDS)][:-1]


def crashing_gateway(
    folder: Path, upstream: ScriptedUpstream, *, workers: int, hold_seconds: float = HOLD_SECONDS
) -> GatewayProcess:
    """A gateway whose children can be told where to die, and whose holds are short."""
    return GatewayProcess(
        folder,
        catalog=CATALOG.format(url=upstream.url),
        workers=workers,
        environ={
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(PLANTED), os.environ.get("PYTHONPATH")])
            ),
            "TOLLBOOK_TEST_CRASH": str(folder),
            "TOLLBOOK_HOLD_SECONDS": str(hold_seconds),
            "TOLLBOOK_CALL_DEADLINE_SECONDS": str(min(DEADLINE_SECONDS, hold_seconds / 2)),
            "TOLLBOOK_SWEEP_SECONDS": str(SWEEP_SECONDS),
        },
    )


def crash(
    gateway: GatewayProcess, upstream: ScriptedUpstream, key: str, step: str, mode: str
) -> Crash:
    """Make one call whose worker dies at this step."""
    asked = len(upstream.requests)
    planned = Crash(step, mode, Seen(), 0)
    fields = chat(max_tokens=50) | (STREAM if mode == "stream" else {})
    planned.seen = run(ask(gateway.url, key, fields, {"X-Request-ID": planned.name}))
    planned.asked = len(upstream.requests) - asked
    return planned


def outcomes(conn: Connection, customer: Customer) -> dict[str, tuple[str, int]]:
    """What the log says of every call by its name: the outcome, and the nanos charged."""
    wallet = read_wallet(conn, customer.customer_id)
    calls = read_calls(conn, customer.customer_id)
    return {call.name: _outcome(request_id, call, wallet) for request_id, call in calls.items()}


def _outcome(request_id: str, call: CallBooks, wallet: WalletBooks) -> tuple[str, int]:
    """Name it, after making sure that the wallet's books and the call's say the same."""
    charges = wallet.charges.get(request_id, [])
    if call.outcome == "charged":
        assert charges == [call.fact("charged")["amount"]]
        return CHARGED, charges[0]
    assert not charges
    if call.outcome == "outcome_unknown":
        assert request_id not in wallet.holds
        return LOST, 0
    return call.outcome, 0
