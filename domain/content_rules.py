"""Content rules: a customer's own terms, each of which refuses a call or is masked in it."""

from dataclasses import dataclass
from typing import Final, Literal

from domain.errors import RefusalError

Action = Literal["block", "mask"]
RULES_MAX: Final = 100
TERM_MAX: Final = 200


class ContentBlockedError(RefusalError):
    """A rule of the customer's own refuses the call; only the rule is named, never the text."""

    code = "content_blocked"

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"The account's content rule '{rule_id}' refuses this call.")
        self.rule_id = rule_id


@dataclass(frozen=True, slots=True)
class ContentRule:
    """A term as people write it: found in any case, but only as whole words."""

    id: str
    term: str
    action: Action
