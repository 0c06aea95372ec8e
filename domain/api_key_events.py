"""The facts of an API key. Amounts in nanos; the secret is nowhere, its name is a salted hash."""

from datetime import datetime

from domain.aggregate import Fact, FirstFact
from domain.money import Nanos


class Created(FirstFact):
    """The key exists and may call what its scope allows; an empty scope is everything."""

    TOPIC = "api_key.created.3"
    customer_id: str
    wallet_id: str
    name_hash: str
    allowed_models: list[str]
    allowed_providers: list[str]
    quota_amount: Nanos | None
    quota_window: str
    permissions: list[str]
    tags: dict[str, str]
    expires_at: datetime | None
    credential_id: str | None
    """What opens it; None in logs of before keys knew that."""
    actor: str


class Changed(Fact):
    """The key has these terms from now on, all of them."""

    TOPIC = "api_key.changed.1"
    allowed_models: list[str]
    allowed_providers: list[str]
    quota_amount: Nanos | None
    quota_window: str
    permissions: list[str]
    tags: dict[str, str]
    expires_at: datetime | None
    actor: str


class Renamed(Fact):
    """The key's name is the erasable text of this id from now on."""

    TOPIC = "api_key.renamed.1"
    name_id: str
    name_hash: str
    actor: str


class Rotated(Fact):
    """Another credential opens the key; the one that it replaces ends by a fact of its own."""

    TOPIC = "api_key.rotated.1"
    credential_id: str
    replaces: str | None
    actor: str


class Reserved(Fact):
    """A hold counts towards the quota of this window."""

    TOPIC = "api_key.reserved.1"
    request_id: str
    amount: Nanos
    window: str
    expires_at: datetime


class Charged(Fact):
    """The hold became a charge, counted in the window in which the hold was made."""

    TOPIC = "api_key.charged.1"
    request_id: str
    held: Nanos
    amount: Nanos
    window: str


class Released(Fact):
    """The hold counts no more."""

    TOPIC = "api_key.released.1"
    request_id: str
    held: Nanos
    window: str


class HoldExpired(Fact):
    """The hold's time ran out."""

    TOPIC = "api_key.hold_expired.1"
    request_id: str
    held: Nanos
    window: str


class Corrected(Fact):
    """A charge of this key was corrected; positive gives quota back in the charge's window."""

    TOPIC = "api_key.corrected.1"
    request_id: str
    amount: Nanos
    window: str


class Disabled(Fact):
    """The key opens no door any more."""

    TOPIC = "api_key.disabled.1"
    actor: str


class QuotaAlertRaised(Fact):
    """So much of the quota was seen spent, for the first time in this window."""

    TOPIC = "api_key.quota_alert_raised.1"
    wallet_id: str
    percent: int
    window: str
    spent: Nanos
    quota: Nanos


class LimitsChanged(Fact):
    """How much a minute and how many at once the key may call from now on; None is no limit."""

    TOPIC = "api_key.limits_changed.1"
    requests_per_minute: int | None
    tokens_per_minute: int | None
    parallel_calls: int | None
    actor: str
