"""Grants as lots: which credit is used first, and what a hold took from where."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.money import Nanos

Allocation = list[tuple[str, Nanos]]
"""How much comes from which grant, in the order of use."""

PAID, PROMOTIONAL = "paid", "promotional"
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Lot:
    """What is left of one grant, in nanos."""

    grant_id: str
    category: str
    priority: int
    expires_at: datetime | None
    sequence: int
    """The order of creation within the wallet."""
    available: Nanos
    held: Nanos = 0

    @property
    def order(self) -> tuple[int, datetime, bool, int]:
        """Priority, then the sooner to expire, then promotional before paid, then the older."""
        return (
            self.priority,
            self.expires_at or NEVER,
            self.category != PROMOTIONAL,
            self.sequence,
        )

    def expired(self, horizon: datetime) -> bool:
        """Tell whether its half-open validity has ended."""
        return self.expires_at is not None and self.expires_at <= horizon


def take(lots: Iterable[Lot], amount: Nanos) -> Allocation:
    """Allocate up to an amount over lots in their order of use."""
    taken: Allocation = []
    for lot in lots:
        if amount <= 0:
            break
        part = min(lot.available, amount)
        if part:
            taken.append((lot.grant_id, part))
            amount -= part
    return taken


def split(allocation: Allocation, amount: Nanos) -> tuple[Allocation, Allocation]:
    """Cut an allocation after an amount: what was used, and what is left."""
    used: Allocation = []
    left: Allocation = []
    for grant_id, part in allocation:
        first = min(part, amount)
        amount -= first
        if first:
            used.append((grant_id, first))
        if part > first:
            left.append((grant_id, part - first))
    return used, left


def total(allocation: Iterable[tuple[str, Nanos]]) -> Nanos:
    """Sum an allocation."""
    return sum(part for _, part in allocation)


def merged(*allocations: Allocation) -> Allocation:
    """Join allocations, one entry a grant, in order of first use."""
    sums: dict[str, Nanos] = {}
    for grant_id, part in chained(allocations):
        sums[grant_id] = sums.get(grant_id, 0) + part
    return list(sums.items())


def chained(allocations: Iterable[Allocation]) -> Iterator[tuple[str, Nanos]]:
    """Walk several allocations as one."""
    for allocation in allocations:
        yield from allocation
