"""What the contract says of a wallet and its keys, computed by another route than the domain's.

Totals since the beginning say what is posted, a search says what is affordable, and debt is
never booked: it is what the lots lack.
"""

from bisect import bisect_right
from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime
from math import inf
from typing import Any

from tests.properties.reference_prices import rated, worst

NEVER = datetime.max.replace(tzinfo=UTC)


class Reference:
    """One wallet with its lots, holds and calls, by name."""

    def __init__(self) -> None:
        self.sums: Counter[str] = Counter()
        self.lots: dict[str, dict[str, Any]] = {}
        self.holds: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, dict[str, Any]] = {}
        self.spent: Counter[tuple[str, str]] = Counter()
        self.counted: dict[str, dict[str, Any]] = {}
        self.claims: dict[str, tuple[str, str]] = {}
        self.limit, self.policy = 0, "absorbed"

    @property
    def posted(self) -> int:
        s = self.sums
        return s["granted"] - s["expired"] - s["voided"] - s["charged"] + s["corrected"]

    @property
    def held(self) -> int:
        return sum(hold["amount"] for hold in self.holds.values())

    @property
    def lacking(self) -> int:
        """How much more the lots say than what is posted: the debt, or, below zero, unplaced."""
        in_holds = sum(n for hold in self.holds.values() for _, n in hold["parts"])
        return sum(lot["left"] for lot in self.lots.values()) + in_holds - self.posted

    def grant(self, name: str, amount: int, rank: tuple[Any, ...], ends: datetime | None) -> None:
        self.sums["granted"] += amount
        self.lots[name] = {"left": 0, "rank": (*rank, len(self.lots)), "ends": ends}
        self.place(name, amount)

    def place(self, name: str, amount: int) -> None:
        self.lots[name]["left"] += min(amount, max(0, -self.lacking))

    def over(self, name: str, now: datetime) -> bool:
        ends = self.lots[name]["ends"]
        return ends is not None and now >= ends

    def draw(self, amount: int) -> list[tuple[str, int]]:
        drawn = []
        for name in sorted(self.lots, key=lambda name: self.lots[name]["rank"]):
            part = min(amount, self.lots[name]["left"])
            self.lots[name]["left"] -= part
            amount -= part
            drawn += [(name, part)] if part else []
        return drawn

    def give_back(self, parts: list[tuple[str, int]], now: datetime) -> None:
        self.sums["expired"] += sum(n for name, n in parts if self.over(name, now))
        for name, n in reversed(parts):
            if not self.over(name, now):
                self.place(name, n)

    def expire_lots(self, now: datetime) -> None:
        for name, lot in self.lots.items():
            if self.over(name, now):
                self.sums["expired"] += lot["left"]
                lot["left"] = 0

    def expire(self, now: datetime) -> None:
        for name, hold in sorted(self.holds.items(), key=lambda item: (item[1]["ends"], item[0])):
            if now >= hold["ends"]:
                del self.holds[name]
                self.give_back(hold["parts"], now)
        self.expire_lots(now)

    def quota_left(self, key: str, quota: int | None, window: str, now: datetime) -> float:
        if quota is None:
            return inf
        mine = (c for c in self.counted.values() if (c["key"], c["window"]) == (key, window))
        return quota - self.spent[key, window] - sum(c["amount"] for c in mine if c["ends"] > now)

    def fit(self, quote: Any, card: dict[str, int], quota: float, now: datetime) -> Any:
        """Give the cap and the hold, or the code of the refusal and what is affordable."""
        then = deepcopy(self)
        then.expire(now)
        room = then.posted - then.held + then.limit
        funds = min(room, quota)
        wanted = worst(card, quote, quote.output_cap)
        if wanted <= funds or wanted == 0:
            return quote.output_cap, wanted
        caps = range(quote.output_cap + 1)
        cap = bisect_right(caps, funds, key=lambda cap: worst(card, quote, cap)) - 1
        if quote.clamps and cap >= 1:
            return cap, worst(card, quote, cap)
        required = worst(card, quote, 1) if quote.clamps else wanted
        if required <= room:
            return "key_quota_exhausted", max(0, cap)
        if then.lacking > then.limit:
            return "wallet_in_debt", max(0, cap)
        in_flight = required <= room + then.held
        return "holds_in_flight" if in_flight else "insufficient_balance", max(0, cap)

    def reserve(self, name: str, amount: int, ends: datetime, now: datetime, call: Any) -> None:
        self.expire(now)
        self.holds[name] = {"amount": amount, "parts": [], "ends": ends}
        self.holds[name]["parts"] = self.draw(amount)
        self.counted[name] = {**call, "amount": amount, "ends": ends}
        self.calls[name] = {**call, "hold": amount, "state": "reserved", "total": 0, "drawn": []}

    def release(self, name: str, now: datetime) -> None:
        self.calls[name]["state"] = "released"
        self.counted.pop(name, None)
        if hold := self.holds.pop(name, None):
            self.give_back(hold["parts"], now)

    def charge(self, name: str, usage: dict[str, int], basis: str, now: datetime) -> None:
        call = self.calls[name]
        self.expire_lots(now)
        left = rated(call, usage, basis)
        hold = self.holds.get(name, {"amount": 0, "parts": []})
        owns = {n: h["amount"] - sum(p for _, p in h["parts"]) for n, h in self.holds.items()}
        own = owns.pop(name, 0)
        room = max(own, self.limit - self.lacking - sum(owns.values()))
        credit = sum(p for _, p in hold["parts"]) + sum(lot["left"] for lot in self.lots.values())
        amount = left if self.policy == "debt" else min(left, credit + room)
        self.holds.pop(name, None)
        drawn, back, rest = Counter[str](), [], amount
        for lot, part in hold["parts"]:
            drawn[lot] += min(part, rest)
            back.append((lot, part - min(part, rest)))
            rest -= min(part, rest)
        drawn.update(dict(self.draw(rest)))
        self.sums["charged"] += amount
        self.sums["absorbed"] += left - amount
        self.give_back(back, now)
        self.counted.pop(name, None)
        self.spent[call["key"], call["window"]] += amount
        call.update(state="charged", total=amount, drawn=[(n, p) for n, p in drawn.items() if p])

    def correct(self, name: str, amount: int, lot: str, now: datetime) -> None:
        call = self.calls[name]
        self.expire_lots(now)
        self.sums["corrected"] += amount
        call["total"] -= amount
        self.spent[call["key"], call["window"]] -= amount
        drawn = Counter(dict(call["drawn"]))
        if amount < 0:
            drawn.update(dict(self.draw(-amount)))
        back = max(0, -self.lacking)
        for source in reversed(list(drawn)):
            part = min(back, drawn[source])
            drawn[source] -= part
            back -= part
            self.give_back([(source, part)], now)
        if back:
            self.lots[lot] = {"left": back, "rank": (0, NEVER, True, len(self.lots)), "ends": None}
        call["drawn"] = [(source, n) for source, n in drawn.items() if n]
