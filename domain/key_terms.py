"""What an API key may do: its scope, its quota, and how long it lives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.limits import UNLIMITED, Limits
from domain.quota import NONE, Quota
from domain.tags import Tags


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """The terms of a key as one commit leaves them; an empty scope is everything."""

    permissions: tuple[str, ...]
    allowed_models: tuple[str, ...] = ()
    allowed_providers: tuple[str, ...] = ()
    quota: Quota | None = None
    expires_at: datetime | None = None
    tags: Tags = field(default_factory=Tags)
    limits: Limits = UNLIMITED

    def facts(self) -> Mapping[str, Any]:
        """Give the fields as a fact holds them; limits have a fact of their own."""
        return {
            "allowed_models": list(self.allowed_models),
            "allowed_providers": list(self.allowed_providers),
            "permissions": list(self.permissions),
            "quota_amount": self.quota.amount if self.quota else None,
            "quota_window": self.quota.window if self.quota else NONE,
            "expires_at": self.expires_at,
            "tags": dict(self.tags),
        }
