"""Finding what a command needs in the books, or refusing by name."""

from typing import TypeVar
from uuid import UUID

from domain.aggregate import Recorded
from domain.errors import NotFoundError
from domain.ports import Books

A = TypeVar("A", bound=Recorded)


def must_find(books: Books, kind: type[A], aggregate_id: UUID, what: str) -> A:
    """Find an aggregate, or raise NotFoundError naming what is missing."""
    found = books.find(kind, aggregate_id)
    if found is None:
        raise NotFoundError(what)
    return found
