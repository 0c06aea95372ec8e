"""A credential: a secret's hash, found by its own id, that names the key it opens."""

from datetime import datetime
from typing import Self
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded, State, parse_time
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
    """The secret opens nothing from then on; the key may have another."""

    TOPIC = "credential.revoked.2"
    effective_at: datetime
    actor: str


class Credential(Recorded):
    """Its id is derived from the secret, so that authenticating is a load, not a search."""

    TOPIC = "credential"

    SNAPSHOT_VERSION = 3

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.key_id = ""
        self.wallet_id = ""
        self.customer_id = ""
        self.display = ""
        self.ends_at: datetime | None = None

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

    def check_valid(self, at: Moment) -> None:
        """Raise InvalidApiKeyError once the secret is revoked."""
        if self.ends_at is not None and self.ends_at <= at.now:
            raise InvalidApiKeyError

    def revoke(self, at: Moment, *, actor: str, effective_at: datetime | None = None) -> None:
        """End the secret now or later; an end that was set is only ever brought forward."""
        ends_at = max(at.now, effective_at or at.now)
        if self.ends_at is None or ends_at < self.ends_at:
            self.record(Revoked, at, effective_at=ends_at, actor=actor)

    def when_issued(self, fact: Issued) -> None:
        """Take what the secret opens."""
        self.key_id = fact.key_id
        self.wallet_id = fact.wallet_id
        self.customer_id = fact.customer_id
        self.display = fact.display

    def when_revoked(self, fact: Revoked) -> None:
        """Stop then."""
        self.ends_at = fact.effective_at

    def restore(self, state: State) -> None:
        """Take back the time."""
        super().restore(state)
        self.ends_at = parse_time(state["ends_at"])
