"""Who changes keys: an operator, who may do everything, or one of the customer's own keys."""

from dataclasses import dataclass
from uuid import UUID

from domain.access import check_access
from domain.api_key import MANAGE, ApiKey
from domain.decision import Decision, T
from domain.errors import NotFoundError
from domain.find import must_find
from domain.key_ceiling import check_gives
from domain.key_terms import KeyTerms
from domain.ports import Books
from domain.reserve_call import Identity

KEY = "key"


@dataclass(frozen=True, slots=True)
class Manager:
    """Part of each command, so that a key that has just been disabled commands nothing."""

    actor: str
    who: Identity | None = None
    """The key that acts, or None for an operator."""

    @property
    def ids(self) -> tuple[UUID, ...]:
        """What a command must name for `check`."""
        return () if self.who is None else (self.who.credential_id, self.who.key_id)

    def check(self, books: Books) -> ApiKey | None:
        """Find the acting key, or raise why it may not act now."""
        if self.who is None:
            return None
        return check_access(books, self.who.credential_id, self.who.key_id, MANAGE)

    def guarded(self, decision: Decision[T]) -> Decision[T]:
        """Have something decided only if the acting key may act at that very moment."""

        def decide(books: Books) -> T:
            self.check(books)
            return decision.decide(books)

        return Decision((*decision.ids, *self.ids), decide)

    def find(self, books: Books, key_id: UUID) -> ApiKey:
        """Find a key that is its to manage; anybody else's is as good as not there."""
        key = must_find(books, ApiKey, key_id, KEY)
        if self.who is not None and key.customer_id != self.who.customer_id.hex:
            raise NotFoundError(KEY)
        return key

    def check_gives(
        self, acting: ApiKey | None, after: KeyTerms, before: KeyTerms | None = None
    ) -> None:
        """Raise ExceedsOwnKeyError if the acting key gives what it has not."""
        if acting is not None:
            check_gives(acting.terms, after, before)
