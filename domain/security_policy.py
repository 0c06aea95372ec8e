"""A customer's security policy: what never goes upstream, and what is kept of its calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

MASKS: Final = ("api_key", "card", "email", "iban", "phone")
"""Kinds of personal data that can be masked."""
RETENTION_DAYS_MAX: Final = 3650


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """What a customer asks; as it stands here, nothing, and nothing is kept."""

    rules_id: str | None = None
    """Names the erasable text that holds the content rules."""
    rules_hash: str | None = None
    masks: tuple[str, ...] = ()
    """The kinds of data that are masked before a prompt leaves."""
    logs_content: bool = False
    """Whether prompts and answers are kept, masked as they went upstream."""
    retention_days: int = 30
    """How long what is kept of a call's content lives."""
    models: tuple[str, ...] = ()
    """Only these may answer; none means that it is up to us."""

    def allows(self, model_id: str) -> bool:
        """Tell whether a model may answer a call."""
        return not self.models or model_id in self.models

    def facts(self) -> dict[str, Any]:
        """Give the fields as a fact holds them."""
        return {
            "rules_id": self.rules_id,
            "rules_hash": self.rules_hash,
            "masks": list(self.masks),
            "logs_content": self.logs_content,
            "retention_days": self.retention_days,
            "models": list(self.models),
        }


OPEN: Final = SecurityPolicy()


def security_of(facts: Mapping[str, Any]) -> SecurityPolicy:
    """Read what `facts` gave."""
    return SecurityPolicy(
        facts["rules_id"],
        facts["rules_hash"],
        tuple(facts["masks"]),
        facts["logs_content"],
        facts["retention_days"],
        tuple(facts["models"]),
    )
