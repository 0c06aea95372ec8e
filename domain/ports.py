"""What the domain asks of the outside, and what it may be told in return."""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from domain.aggregate import Recorded
from domain.moment import Moment

A = TypeVar("A", bound=Recorded)
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Books(Protocol):
    """The aggregates of one command, as they are at this moment under the ledger's lock."""

    at: Moment
    """The ledger's time for this decision."""

    def find(self, kind: type[A], aggregate_id: UUID) -> A | None:
        """Find an aggregate that the command named, or None if it has no history."""
        ...

    def add(self, aggregate: Recorded) -> None:
        """Hand over an aggregate that the command has just begun."""
        ...


class Command(Protocol[T_co]):
    """One decision: all guards first, then all facts; a refusal leaves no fact."""

    @property
    def ids(self) -> Sequence[UUID]:
        """Every aggregate it may touch, all in one shard."""
        ...

    def decide(self, books: Books) -> T_co:
        """Decide under the lock; may run again if its commit is lost, so it keeps nothing."""
        ...


class Ledger(Protocol):
    """The append-only log and the only door to it."""

    async def execute(self, command: Command[T]) -> T:
        """Decide and append in one commit; raise the refusal, or BillingUnavailableError."""
        ...

    async def read(self, query: Command[T]) -> T:
        """Look at aggregates as they are now, or raise BillingUnavailableError."""
        ...
