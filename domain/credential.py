"""A credential: a secret's hash, found by its own id, that names the key it opens."""

from typing import Self
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded
from domain.errors import InvalidApiKeyError
from domain.moment import Moment


class Issued(FirstFact):
    """The secret was handed out, once; `display` is its prefix for lists."""

    TOPIC = "credential.issued.1"
    key_id: str
    wallet_id: str
    customer_id: str
    display: str


class Revoked(Fact):
    """The secret opens nothing any more; the key may have another."""

    TOPIC = "credential.revoked.1"
    actor: str


class Credential(Recorded):
    """Its id is derived from the secret, so that authenticating is a load, not a search."""

    TOPIC = "credential"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.key_id = ""
        self.wallet_id = ""
        self.customer_id = ""
        self.display = ""
        self.revoked = False

    @classmethod
    def issue(
        cls,
        at: Moment,
        credential_id: UUID,
        *,
        key_id: str,
        wallet_id: str,
        customer_id: str,
        display: str,
    ) -> Self:
        """Bind a secret to a key for ever."""
        return cls.begin(
            Issued,
            at,
            credential_id,
            key_id=key_id,
            wallet_id=wallet_id,
            customer_id=customer_id,
            display=display,
        )

    def check_valid(self) -> None:
        """Raise InvalidApiKeyError if the secret was revoked."""
        if self.revoked:
            raise InvalidApiKeyError

    def revoke(self, at: Moment, *, actor: str) -> None:
        """End the secret."""
        if not self.revoked:
            self.record(Revoked, at, actor=actor)

    def when_issued(self, fact: Issued) -> None:
        """Take what the secret opens."""
        self.key_id = fact.key_id
        self.wallet_id = fact.wallet_id
        self.customer_id = fact.customer_id
        self.display = fact.display

    def when_revoked(self, fact: Revoked) -> None:
        """Stop."""
        self.revoked = True
