"""Making keys: by a customer's own key, or as a copy of another key."""

from dataclasses import dataclass, replace
from uuid import UUID

from domain import ids
from domain.api_key import ApiKey
from domain.claims import claimed, with_claim
from domain.credential import Credential
from domain.decision import Decision
from domain.errors import ConflictError, RefusalError
from domain.idempotency import Idempotency
from domain.key_terms import KeyTerms
from domain.manage import NewKey, begin_key
from domain.manager import Manager
from domain.ports import Books
from domain.reserve_call import Claim


class SecretShownError(RefusalError):
    """The Idempotency-Key was used before, and the secret that came of it is never shown again."""

    code = "idempotency_conflict"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"This Idempotency-Key was already used, for {key_id}, whose secret is not shown again;"
            " rotate that key if the secret was lost."
        )


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A credential to issue: its id is derived from the secret, and `display` is its prefix."""

    credential_id: UUID
    display: str


@dataclass(frozen=True, slots=True)
class NewCopy:
    """A key to make like another one."""

    key_id: UUID
    secret: NewSecret
    name_hash: str


def create_own_key(new: NewKey, manager: Manager, claim: Claim | None = None) -> Decision[UUID]:
    """Create a key of the acting key's customer, with nothing that the acting key has not.

    Customers know nothing of providers: a key that is held to some makes keys that are, too.
    """
    assert manager.who is not None, "an operator names the customer"
    who = manager.who
    touched = (who.customer_id, new.key_id, new.credential_id, *manager.ids)

    def decide(books: Books) -> UUID:
        acting = manager.check(books)
        assert acting is not None, "a customer's key acts"
        check_unclaimed(books, claim)
        held = replace(new, allowed_providers=list(acting.allowed_providers))
        manager.check_gives(acting, held.terms)
        begin_key(books, who.customer_id, who.wallet_id, held)
        claimed(books, claim, ids.public(ids.KEY, new.key_id))
        return new.key_id

    return Decision(with_claim(touched, claim), decide)


def copy_key(
    key_id: UUID, new: NewCopy, manager: Manager, claim: Claim | None = None
) -> Decision[KeyTerms]:
    """Make a key with another's terms, of which nothing is spent yet; decides the terms.

    Raises ConflictError for terms that have expired.
    """
    touched = (key_id, new.key_id, new.secret.credential_id, *manager.ids)

    def decide(books: Books) -> KeyTerms:
        acting = manager.check(books)
        key = manager.find(books, key_id)
        check_unclaimed(books, claim)
        terms = key.terms
        if terms.expires_at is not None and terms.expires_at <= books.at.now:
            message = "The API key has expired, and so would its copy."
            raise ConflictError(message)
        manager.check_gives(acting, terms)
        copied = _copied(new, terms, manager.actor)
        begin_key(books, UUID(key.customer_id), UUID(key.wallet_id), copied)
        claimed(books, claim, ids.public(ids.KEY, new.key_id))
        return terms

    return Decision(with_claim(touched, claim), decide)


def check_unclaimed(books: Books, claim: Claim | None) -> None:
    """Raise SecretShownError, or IdempotencyKeyReusedError, for a claim that was used."""
    if claim and (used := books.find(Idempotency, claim.claim_id)):
        used.check_same(claim.body_hash)
        raise SecretShownError(used.result_id)


def issue(books: Books, key: ApiKey, new: NewSecret) -> None:
    """Bind another secret to a key."""
    credential = Credential.issue(
        books.at,
        new.credential_id,
        key_id=key.id.hex,
        wallet_id=key.wallet_id,
        customer_id=key.customer_id,
        display=new.display,
    )
    books.add(credential)


def _copied(new: NewCopy, terms: KeyTerms, actor: str) -> NewKey:
    return NewKey(
        key_id=new.key_id,
        credential_id=new.secret.credential_id,
        display=new.secret.display,
        name_hash=new.name_hash,
        actor=actor,
        allowed_models=[*terms.allowed_models],
        allowed_providers=[*terms.allowed_providers],
        permissions=[*terms.permissions],
        tags=terms.tags,
        quota=terms.quota,
        expires_at=terms.expires_at,
        limits=terms.limits,
    )
