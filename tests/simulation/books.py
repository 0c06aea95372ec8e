"""The log folded by a second, simpler hand: nothing of the product is used but its JSON.

available = granted - charged - gone - Σ open holds
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

Fact = dict[str, Any]

EVENTS = "SELECT topic, state FROM ledger_events WHERE originator_id = %s ORDER BY position"
CALLS = """
    SELECT originator_id, topic, state FROM ledger_events
    WHERE originator_id IN (
        SELECT originator_id FROM ledger_events WHERE topic = 'inference_request.reserved.3'
        AND convert_from(state, 'UTF8')::json ->> 'wallet_id' = %s
    ) ORDER BY position
"""
BALANCE = "SELECT available, reserved, debt, open_holds FROM read.balances WHERE wallet_id = %s"


@dataclass
class WalletBooks:
    """A wallet after all of its facts, and every state that it was ever in."""

    granted: int = 0
    charged: int = 0
    absorbed: int = 0
    gone: int = 0
    debt: int = 0
    lowest: int = 0
    holds: dict[str, int] = field(default_factory=dict[str, int])
    charges: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    states: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])

    @property
    def held(self) -> int:
        return sum(self.holds.values())

    @property
    def available(self) -> int:
        return self.granted - self.charged - self.gone - self.held

    def read(self, topic: str, fact: Fact) -> None:
        what = topic.split(".")[1]
        if what == "granted":
            self.granted += fact["amount"]
        elif what == "reserved":
            assert fact["request_id"] not in self.holds, "a request holds once"
            self.holds[fact["request_id"]] = fact["amount"]
        elif what in {"charged", "released", "hold_expired"}:
            assert self.holds.pop(fact["request_id"], 0) == fact["held"], "a hold ends whole"
            self.debt += fact.get("overdraft", 0) - sum(part for _, part in fact["repaid"])
            self.gone += sum(part for _, part in fact["expired"])
        else:
            assert what == "opened", f"no test here makes {topic}"
        if what == "charged":
            self.charged += fact["amount"]
            self.absorbed += fact["absorbed"]
            self.charges[fact["request_id"]].append(fact["amount"])
        self.lowest = min(self.lowest, self.available)
        self.states.add((self.available, self.held))


@dataclass
class CallBooks:
    """The facts of one call."""

    facts: list[tuple[str, Fact]] = field(default_factory=list[tuple[str, Fact]])

    @property
    def name(self) -> str:
        """What the caller named it."""
        return str(self.facts[0][1]["client_request_id"])

    @property
    def outcome(self) -> str:
        """How it ended, or `reserved` while it has not; more than one end is an error."""
        ends = [what for what in self.topics if what not in {"reserved", "attempted"}]
        assert len(ends) <= 1, f"a call ends once: {ends}"
        return ends[0] if ends else "reserved"

    @property
    def topics(self) -> list[str]:
        return [topic.split(".")[1] for topic, _ in self.facts]

    def fact(self, what: str) -> Fact:
        return next(fact for topic, fact in self.facts if topic.split(".")[1] == what)


def wallet_of(conn: Connection, customer_id: str) -> UUID:
    found = conn.execute(EVENTS, (UUID(customer_id.removeprefix("cus_")),)).fetchone()
    assert found is not None
    return UUID(json.loads(found[1])["wallet_id"])


def read_wallet(conn: Connection, customer_id: str) -> WalletBooks:
    books = WalletBooks()
    for topic, state in conn.execute(EVENTS, (wallet_of(conn, customer_id),)).fetchall():
        books.read(topic, json.loads(state))
    return books


def read_calls(conn: Connection, customer_id: str) -> dict[str, CallBooks]:
    calls: dict[str, CallBooks] = defaultdict(CallBooks)
    rows = conn.execute(CALLS, (wallet_of(conn, customer_id).hex,)).fetchall()
    for request_id, topic, state in rows:
        calls[request_id.hex].facts.append((topic, json.loads(state)))
    return dict(calls)


def read_quota(conn: Connection, api_key_id: str) -> tuple[int, int]:
    """Fold a key: what it has spent, and what it holds."""
    spent = held = 0
    for topic, state in conn.execute(EVENTS, (UUID(api_key_id.partition("_")[2]),)).fetchall():
        fact = json.loads(state)
        if topic == "api_key.reserved.1":
            held += fact["amount"]
        elif "held" in fact:
            held -= fact["held"]
        if topic == "api_key.charged.1":
            spent += fact["amount"]
    return spent, held


def read_balance(conn: Connection, customer_id: str) -> tuple[int, int, int, int]:
    """Give the read model's own figures: available, reserved, debt, open holds."""
    row = conn.execute(BALANCE, (wallet_of(conn, customer_id),)).fetchone()
    assert row is not None
    available, reserved, debt, open_holds = row
    return available, reserved, debt, open_holds


def check_never_oversold(books: WalletBooks) -> None:
    """Whatever happened: no debt, nothing below zero, never more charged than granted."""
    assert books.lowest >= 0, f"available was {books.lowest}"
    assert books.debt == 0
    assert books.charged <= books.granted
    assert all(len(amounts) == 1 for amounts in books.charges.values()), "a call is charged once"


def check_refusal_was_right(books: WalletBooks, error: dict[str, Any]) -> None:
    """A refusal for want of funds: its hold did not fit, at a moment that the log knows."""
    told = error["metadata"]
    required, available, reserved = (
        _nanos(told[name]) for name in ("required", "available", "reserved")
    )
    assert required > available, error
    assert (available, reserved) in books.states, "the wallet was never in that state"
    fits_later = required <= available + reserved
    expected = "holds_in_flight" if fits_later else "insufficient_balance"
    assert error["code"] == expected, error


def _nanos(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 10**9 + int(part.ljust(9, "0"))
