"""What must be true of a wallet's log alone, fact by fact, whoever wrote it.

Every fact is booked between accounts, as a bookkeeper would, and told apart by its topic: nothing
of the domain is used but the facts.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

LARGEST = 2**63 - 1
ORDER = {"wallet": 1, "api_key": 2, "inference_request": 3}


class Audit:
    """Reads facts one by one and raises AssertionError at the first that cannot be."""

    def __init__(self) -> None:
        self.accounts: Counter[str] = Counter()
        self.open: dict[str, int] = {}
        self.ended: Counter[str] = Counter()
        self.charges: dict[str, dict[str, int]] = {}
        self.totals: dict[str, int] = {}
        self.corrections: set[str] = set()
        self.ends: dict[str, datetime | None] = {}
        self.limit = 0
        self.last = datetime.min.replace(tzinfo=UTC)
        self.closed = ""
        self.closing = 0
        self.months: Counter[str] = Counter()

    def read(self, commit: Sequence[Any]) -> None:
        """Read what one command appended; the wallet's facts first."""
        for fact in commit:
            self.check_types(vars(fact))
            assert fact.timestamp >= self.last, "time never runs backwards"
            self.last = fact.timestamp
        for fact in sorted(commit, key=lambda fact: ORDER.get(fact.TOPIC.split(".")[0], 0)):
            self.book_fact(fact)

    def book_fact(self, fact: Any) -> None:
        if fact.TOPIC.startswith("wallet.") and hasattr(fact, "period"):
            self.book_month(fact)
        handler = getattr(self, fact.TOPIC.replace(".", "_").rpartition("_")[0], None)
        if handler:
            handler(fact)
        assert sum(self.accounts.values()) == 0, "what leaves one account enters another"
        posted = self.accounts["available"] + self.accounts["held"]
        assert posted == self.closing + sum(self.months.values()), "months add up to the balance"

    def book_month(self, fact: Any) -> None:
        closes = fact.TOPIC.startswith("wallet.period_closed.")
        assert closes or fact.period > self.closed, "nothing is booked in a closed month"
        if closes:
            assert fact.opening == self.closing, "a month opens with what the last one closed with"
            self.closed = fact.period
            self.closing += self.months.pop(fact.period, 0)
            assert fact.closing == self.closing, "a month comes to what was booked in it"
            assert not any(month <= fact.period for month in self.months)
            return
        sign = {"granted": 1, "corrected": 1, "reserved": 0}.get(fact.TOPIC.split(".")[1], -1)
        self.months[fact.period] += sign * getattr(fact, "amount", 0)
        self.months[fact.period] -= total(getattr(fact, "expired", []))

    def check_types(self, value: Any) -> None:
        assert not isinstance(value, float), "no float is money"
        if isinstance(value, int):
            assert abs(value) <= LARGEST, "every amount is a 64-bit figure"
        parts = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict | list | tuple):
            for part in parts:
                self.check_types(part)

    def book(self, amount: int, *, source: str, target: str) -> None:
        self.accounts[source] -= amount
        self.accounts[target] += amount

    def wallet_granted(self, fact: Any) -> None:
        assert fact.amount > 0
        assert 0 <= fact.repaid <= fact.amount
        assert fact.grant_id not in self.ends, "a grant is made once"
        self.ends[fact.grant_id] = fact.expires_at
        self.book(fact.amount, source="granted", target="available")

    def wallet_reserved(self, fact: Any) -> None:
        room = self.accounts["available"] + self.limit
        assert fact.amount <= max(0, room), "a wallet is never oversold"
        assert fact.request_id not in self.open, "a hold opens once"
        assert total(fact.allocations) + fact.overdraft == fact.amount
        for grant_id, part in fact.allocations:
            assert part > 0
            assert self.alive(grant_id, fact), "no credit is used after its end"
        self.open[fact.request_id] = fact.amount
        self.book(fact.amount, source="available", target="held")

    def wallet_charged(self, fact: Any) -> None:
        assert fact.request_id not in self.charges, "a call is charged once"
        assert total(fact.allocations) + fact.overdraft == fact.amount
        assert min(fact.amount, fact.absorbed, fact.overdraft) >= 0
        self.charges[fact.request_id] = {"wallet": fact.amount}
        if fact.request_id in self.open:
            self.end(fact)
        assert fact.request_id in self.ended, "no charge without a call that was held"
        self.book(fact.amount, source="available", target="charged")

    def wallet_released(self, fact: Any) -> None:
        self.end(fact)

    def wallet_hold_expired(self, fact: Any) -> None:
        self.end(fact)

    def end(self, fact: Any) -> None:
        assert self.open.pop(fact.request_id) == fact.held, "a hold ends whole"
        self.ended[fact.request_id] += 1
        assert self.ended[fact.request_id] == 1, "a hold ends once"
        for grant_id, _ in (*fact.returned, *fact.repaid):
            assert self.alive(grant_id, fact), "nothing returns to a grant that is over"
        assert not any(self.alive(grant_id, fact) for grant_id, _ in fact.expired)
        self.book(fact.held, source="held", target="available")
        self.book(total(fact.expired), source="available", target="expired")

    def wallet_grant_expired(self, fact: Any) -> None:
        assert fact.amount > 0
        assert not self.alive(fact.grant_id, fact), "no grant is over before its end"
        self.book(fact.amount, source="available", target="expired")

    def wallet_grant_voided(self, fact: Any) -> None:
        assert fact.amount > 0
        self.book(fact.amount, source="available", target="voided")

    def wallet_corrected(self, fact: Any) -> None:
        assert fact.request_id in self.ended, "only a call that ended is corrected"
        assert fact.correction_id not in self.corrections
        self.corrections.add(fact.correction_id)
        sign = 1 if fact.amount > 0 else -1
        parts = total(fact.allocations) + total(fact.expired) + fact.repaid + fact.overdraft
        assert sign * parts == fact.amount, "a correction goes somewhere"
        if fact.amount > 0:
            for grant_id, _ in fact.allocations:
                self.ends.setdefault(grant_id, None)
        self.book(fact.amount, source="charged", target="available")
        self.book(total(fact.expired), source="available", target="expired")

    def wallet_overdraft_limit_changed(self, fact: Any) -> None:
        self.limit = fact.limit

    def api_key_charged(self, fact: Any) -> None:
        self.charges[fact.request_id]["key"] = fact.amount

    def inference_request_charged(self, fact: Any) -> None:
        charge = self.charges[fact.originator_id.hex]
        assert charge == {"wallet": fact.amount, "key": fact.amount}, "three books, one charge"
        self.totals[fact.originator_id.hex] = fact.amount

    def inference_request_corrected(self, fact: Any) -> None:
        before = self.totals.get(fact.originator_id.hex, 0)
        assert fact.correction_id in self.corrections
        assert 0 <= fact.total == before - fact.amount, "corrections add up"
        self.totals[fact.originator_id.hex] = fact.total

    def alive(self, grant_id: str, fact: Any) -> bool:
        ends = self.ends[grant_id]
        return ends is None or fact.timestamp < ends


def total(parts: Any) -> int:
    return sum(n for _, n in parts)
