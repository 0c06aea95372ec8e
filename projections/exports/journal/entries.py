"""Entries: one balanced transaction for each event that moves money."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from domain.money import Nanos
from projections.events import Fields


class Posting(NamedTuple):
    """An amount on an account; a debit is above zero."""

    account: str
    nanos: Nanos


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction, and where it comes from; Σ postings = 0.

    `held` is what it adds to the wallet's holds, which are off the books.
    """

    position: int
    """Its number in the journal: the log's own."""
    day: date
    period: str
    what: str
    currency: str
    postings: tuple[Posting, ...]
    held: Nanos = 0
    wallet_id: str | None = None
    customer_id: str | None = None
    grant_id: str | None = None
    request: Fields = field(default_factory=dict[str, Any])
    """How the call began, if it is about one."""
    request_id: str | None = None
    reference: str | None = None
    actor: str | None = None

    @property
    def tags(self) -> dict[str, str]:
        """The cost-centre tags of the call."""
        tags: dict[str, str] = self.request.get("tags", {})
        return tags

    @property
    def opens(self) -> bool:
        """Whether it is no event's, but what an exported month begins with."""
        return not self.position


class Balance(NamedTuple):
    """What an account must come to once everything of a month is booked."""

    day: date
    """The month's last."""
    period: str
    account: str
    nanos: Nanos
    currency: str


def balanced(*postings: tuple[str, Nanos]) -> tuple[Posting, ...]:
    """Join postings of one account and leave out what comes to nothing, in order of first use."""
    sums: dict[str, Nanos] = {}
    for account, nanos in postings:
        sums[account] = sums.get(account, 0) + nanos
    assert not sum(sums.values()), "a transaction is balanced"
    return tuple(Posting(account, nanos) for account, nanos in sums.items() if nanos)
