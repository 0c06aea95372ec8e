"""Rate limits: calls and tokens a minute, and calls at once. Never about money."""

from dataclasses import asdict, dataclass
from typing import Final

from domain.errors import RefusalError

REQUESTS, TOKENS, PARALLEL = "requests", "tokens", "parallel"
KEY, CUSTOMER = "key", "customer"
SECONDS_MAX: Final = 60
PARALLEL_SECONDS: Final = 1
"""When another try is worth it if only calls in flight stand in the way."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one key, or one customer's keys together, may do; None is no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    parallel_calls: int | None = None

    def facts(self) -> dict[str, int | None]:
        """Give the limits by name."""
        return asdict(self)


UNLIMITED: Final = Limits()


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Everything that limits one call."""

    key: Limits = UNLIMITED
    customer: Limits = UNLIMITED


class RateLimitedError(RefusalError):
    """Too much for a minute, or too many at once; without `retry_after` no wait will help."""

    code = "rate_limit_exceeded"

    def __init__(self, *, kind: str, holder: str, limit: int, retry_after: int | None) -> None:
        self.kind = kind
        self.holder = holder
        self.limit = limit
        self.retry_after = retry_after
        owner = "API key" if holder == KEY else "customer"
        unit = "parallel calls" if kind == PARALLEL else f"{kind} per minute"
        again = f"try again in {retry_after} s" if retry_after else "this call is beyond it alone"
        super().__init__(f"The {owner}'s limit of {limit} {unit} is reached; {again}.")


def check_parallel(limits: Limits, holder: str, open_calls: int) -> None:
    """Raise RateLimitedError when one more call would be one too many."""
    limit = limits.parallel_calls
    if limit is not None and open_calls >= limit:
        raise RateLimitedError(
            kind=PARALLEL, holder=holder, limit=limit, retry_after=PARALLEL_SECONDS
        )
