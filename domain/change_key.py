"""Changing a key's terms or name, and disabling it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from domain.api_key import ApiKey
from domain.decision import Decision
from domain.errors import ConflictError
from domain.key_terms import KeyTerms
from domain.manager import Manager
from domain.ports import Books


@dataclass(frozen=True, slots=True)
class NewName:
    """A name: an erasable text by its id, and the text's salted hash."""

    name_id: UUID
    name_hash: str


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What to change; what is not named stays."""

    terms: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fields of `KeyTerms`."""
    name: NewName | None = None


def change_key(key_id: UUID, change: KeyChange, manager: Manager) -> Decision[UUID]:
    """Change a key for its very next call; decides which text was its name before.

    Raises ExceedsOwnKeyError if it would have what the acting key has not, and ConflictError for
    a key that is disabled.
    """

    def decide(books: Books) -> UUID:
        acting = manager.check(books)
        key = manager.find(books, key_id)
        check_enabled(key)
        before = key.terms
        after = replace(before, **change.terms)
        manager.check_gives(acting, after, before)
        named = name_id_of(key)
        key.change(books.at, after, actor=manager.actor)
        if new := change.name:
            key.rename(
                books.at, name_id=new.name_id.hex, name_hash=new.name_hash, actor=manager.actor
            )
        return named

    return Decision((key_id, *manager.ids), decide)


def disable_own_key(key_id: UUID, manager: Manager) -> Decision[None]:
    """Disable a key; the next call of any worker sees it."""

    def decide(books: Books) -> None:
        manager.check(books)
        manager.find(books, key_id).disable(books.at, actor=manager.actor)

    return Decision((key_id, *manager.ids), decide)


def look_up_terms(key_id: UUID, manager: Manager) -> Decision[KeyTerms]:
    """Look what a key may do."""
    return Decision((key_id,), lambda books: manager.find(books, key_id).terms)


def name_id_of(key: ApiKey) -> UUID:
    """Tell which erasable text is a key's name: its own id's, unless it was renamed."""
    return UUID(key.name_id) if key.name_id else key.id


def check_enabled(key: ApiKey) -> None:
    """Raise ConflictError for a key that is disabled, which it is for good."""
    if key.disabled:
        message = "The API key is disabled, and stays so."
        raise ConflictError(message)
