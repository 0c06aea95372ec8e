"""A command made of its aggregates' ids and one function."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from domain.ports import Books

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """What `domain.ports.Command` asks for, for commands that need no class of their own."""

    ids: Sequence[UUID]
    decision: Callable[[Books], T]

    def decide(self, books: Books) -> T:
        """Run the function."""
        return self.decision(books)
