"""A customer's context configuration: how much of a talk goes upstream, and what is kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from domain.errors import ContextLengthError, InvalidRequestError

WINDOW_TOKENS_MIN: Final = 256
WINDOW_TOKENS_MAX: Final = 10_000_000
MEMORY_DAYS_MAX: Final = 3650
CACHE_SECONDS_MAX: Final = 86_400


class BeyondWindowError(ContextLengthError):
    """What cannot be left out of a conversation is beyond its customer's window."""

    def __init__(self, *, tokens: int, limit: int) -> None:
        message = f"The last turn alone is {tokens} tokens; the account's window is {limit}."
        InvalidRequestError.__init__(self, message, "messages")


@dataclass(frozen=True, slots=True)
class ContextPolicy:
    """What a customer asks; as it stands here, calls go upstream whole and nothing is kept."""

    window_tokens: int | None = None
    """The most that a conversation may count; the oldest turns go first."""
    memory_days: int | None = None
    """How long a conversation that nobody uses is remembered; None is for ever."""
    cache_seconds: int | None = None
    """How long an answer may be given again to the very same call; None is never."""

    def facts(self) -> dict[str, Any]:
        """Give the fields as a fact holds them."""
        return asdict(self)


WHOLE: Final = ContextPolicy()


def context_of(facts: Mapping[str, Any]) -> ContextPolicy:
    """Read what `facts` gave."""
    return ContextPolicy(facts["window_tokens"], facts["memory_days"], facts["cache_seconds"])
