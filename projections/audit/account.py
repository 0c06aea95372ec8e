"""One wallet as an auditor keeps it: lots, holds and two ways to the same posted figure.

by amounts:  posted = Σ granted - charged - expired - voided ± corrected
by lots:     posted = Σ available of lots + Σ parts of holds - debt
"""

from bisect import insort
from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.grants import Allocation
from domain.money import Nanos

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True, eq=False)
class AuditedLot:
    """What is left of a grant."""

    grant_id: str
    order: tuple[int, datetime, bool, int]
    expires_at: datetime
    available: Nanos = 0
    held: Nanos = 0


@dataclass(slots=True)
class AuditedHold:
    """What one request holds."""

    key_id: str
    amount: Nanos
    parts: Allocation
    overdraft: Nanos
    expires_at: str


@dataclass(slots=True)
class Account:
    """The figures of a wallet after some of its facts."""

    currency: str
    policy: str
    limit: Nanos = 0
    frozen: bool = False
    posted: Nanos = 0
    reserved: Nanos = 0
    debt: Nanos = 0
    overdraft_held: Nanos = 0
    credit: Nanos = 0
    parts_held: Nanos = 0
    lots: dict[str, AuditedLot] = field(default_factory=dict[str, AuditedLot])
    holds: dict[str, AuditedHold] = field(default_factory=dict[str, AuditedHold])
    drift: Nanos = 0
    """By how much the two ways differed at the last event, so that a fault is told once."""
    _filled: list[AuditedLot] = field(default_factory=list[AuditedLot])
    """Lots with credit, in the order of use."""

    @property
    def available(self) -> Nanos:
        """What is not held."""
        return self.posted - self.reserved

    @property
    def posted_by_lots(self) -> Nanos:
        """The posted figure by the other way."""
        return self.credit + self.parts_held - self.debt

    def add_lot(
        self, grant_id: str, category: str, priority: int, expires_at: datetime | None
    ) -> None:
        """Begin a lot without credit; the order of use is priority, expiry, promotional, age."""
        until = expires_at or _END_OF_TIME
        order = (priority, until, category != "promotional", len(self.lots))
        self.lots[grant_id] = AuditedLot(grant_id, order, until)

    def put(self, grant_id: str, amount: Nanos) -> bool:
        """Add to a lot's credit or take from it; tells whether that was possible."""
        lot = self.lots.get(grant_id)
        if lot is None:
            return False
        had = lot.available > 0
        lot.available += amount
        self.credit += amount
        has = lot.available > 0
        if has and not had:
            insort(self._filled, lot, key=_order)
        elif had and not has:
            self._filled.remove(lot)
        return lot.available >= 0

    def hold(self, grant_id: str, amount: Nanos) -> None:
        """Count a part of a hold on its lot, or with a negative amount no more."""
        self.parts_held += amount
        if grant_id in self.lots:
            self.lots[grant_id].held += amount

    def in_order(self, amount: Nanos) -> dict[str, Nanos]:
        """Tell which lots an amount is to come from, as far as credit goes."""
        parts: dict[str, Nanos] = {}
        for lot in self._filled:
            if amount <= 0:
                break
            parts[lot.grant_id] = min(lot.available, amount)
            amount -= parts[lot.grant_id]
        return parts

    def ran_out(self, grant_id: str, now: datetime) -> bool:
        """Tell whether a grant's time is over."""
        return grant_id in self.lots and self.lots[grant_id].expires_at <= now


def sum_of(*allocations: Allocation) -> Nanos:
    """Sum allocations."""
    return sum(part for allocation in allocations for _, part in allocation)


def by_grant(*allocations: Allocation) -> dict[str, Nanos]:
    """Sum allocations by grant."""
    sums: dict[str, Nanos] = {}
    for allocation in allocations:
        for grant_id, part in allocation:
            sums[grant_id] = sums.get(grant_id, 0) + part
    return sums


def first_of(parts: Allocation, amount: Nanos) -> dict[str, Nanos]:
    """Tell what an amount uses of parts, the first ones first."""
    used: dict[str, Nanos] = {}
    for grant_id, part in parts:
        share = min(part, max(amount, 0))
        amount -= share
        if share:
            used[grant_id] = used.get(grant_id, 0) + share
    return used


def minus(whole: dict[str, Nanos], part: dict[str, Nanos]) -> dict[str, Nanos]:
    """Subtract by grant, leaving out what comes to nothing."""
    keys = dict.fromkeys((*whole, *part))
    left = {key: whole.get(key, 0) - part.get(key, 0) for key in keys}
    return {key: value for key, value in left.items() if value}


def _order(lot: AuditedLot) -> tuple[int, datetime, bool, int]:
    return lot.order
