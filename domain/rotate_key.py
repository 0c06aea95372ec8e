"""Rotating a key: another secret opens it, and the one before ends in the same commit or later."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain import ids
from domain.api_key import ApiKey
from domain.change_key import check_enabled
from domain.claims import claimed, with_claim
from domain.create_key import NewSecret, check_unclaimed, issue
from domain.credential import Credential
from domain.decision import Decision
from domain.errors import ConflictError
from domain.find import must_find
from domain.manager import Manager
from domain.ports import Books
from domain.reserve_call import Claim


@dataclass(frozen=True, slots=True)
class Opened:
    """What opens a key: its credential, and the one before if that still lives."""

    credential_id: UUID
    retiring_id: UUID | None = None

    @property
    def ids(self) -> tuple[UUID, ...]:
        """Name both."""
        return tuple(filter(None, (self.credential_id, self.retiring_id)))


def rotate_key(
    key_id: UUID,
    opened: Opened,
    new: NewSecret,
    manager: Manager,
    *,
    grace: timedelta = timedelta(0),
    claim: Claim | None = None,
) -> Decision[datetime]:
    """Issue another secret and end what opened the key: the last one after its grace, others now.

    Decides when the last one ends.

    Raises ConflictError for a key that is disabled or was rotated meanwhile, and
    ExceedsOwnKeyError if the acting key would come by more than it has.
    """
    touched = (key_id, new.credential_id, *opened.ids, *manager.ids)

    def decide(books: Books) -> datetime:
        acting = manager.check(books)
        key = manager.find(books, key_id)
        check_unclaimed(books, claim)
        check_enabled(key)
        _check_opens(key, opened)
        if acting is not key:
            manager.check_gives(acting, key.terms)
        ends_at = books.at.now + grace
        _end(books, opened, ends_at, manager.actor)
        key.rotate(
            books.at,
            credential_id=new.credential_id.hex,
            replaces=opened.credential_id.hex,
            actor=manager.actor,
        )
        issue(books, key, new)
        claimed(books, claim, ids.public(ids.KEY, key_id))
        return ends_at

    return Decision(with_claim(touched, claim), decide)


def look_up_opened(key_id: UUID, manager: Manager) -> Decision[Opened | None]:
    """Look what opens a key; None where its log is of before keys knew that."""

    def look(books: Books) -> Opened | None:
        key = manager.find(books, key_id)
        if key.credential_id is None:
            return None
        return Opened(UUID(key.credential_id), UUID(key.retiring_id) if key.retiring_id else None)

    return Decision((key_id,), look)


def _check_opens(key: ApiKey, opened: Opened) -> None:
    """Raise ConflictError if something else opens the key by now."""
    retiring = opened.retiring_id.hex if opened.retiring_id else None
    known = key.credential_id in {None, opened.credential_id.hex}
    if not known or key.retiring_id != retiring:
        message = "The API key was rotated meanwhile."
        raise ConflictError(message)


def _end(books: Books, opened: Opened, ends_at: datetime, actor: str) -> None:
    """Revoke what opens a key: the newest secret then, one that was retiring already now."""
    for credential_id in opened.ids:
        until = ends_at if credential_id == opened.credential_id else None
        credential = must_find(books, Credential, credential_id, "credential")
        credential.revoke(books.at, actor=actor, effective_at=until)
