"""Rate limits of a call: admitted before its hold, corrected after its charge.

A limit is known from the key's last hold, so a call without limits asks nobody. A limiter that
fails lets the call through: no money hangs on it.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Protocol
from uuid import UUID

import psycopg

from adapters.rate_limits.bucket import NEVER_MS, Bucket, Level, Taken, Taking
from domain.change_limits import look_at_limits
from domain.limits import (
    CUSTOMER,
    KEY,
    REQUESTS,
    SECONDS_MAX,
    TOKENS,
    CallLimits,
    Limits,
    RateLimitedError,
)
from domain.ports import Ledger
from domain.reserve_call import Identity

KNOWN_MAX: Final = 100_000
PATIENCE_SECONDS: Final = 1.0
"""How long a call waits for its limiter before it goes on without."""
LOOK_SECONDS: Final = 1.0
"""How often, at most, a refused key's limits are read again."""

_log = logging.getLogger("tollbook.limits")


class Buckets(Protocol):
    """The buckets of all workers."""

    async def take(self, takings: list[Taking]) -> Taken:
        """Take from all or from none, or raise psycopg.Error."""
        ...

    async def look(self, takings: list[Taking]) -> Taken:
        """Tell what `take` would come to, and take nothing; raises psycopg.Error."""
        ...

    def correct(self, corrections: Iterable[Taking]) -> None:
        """Change later what was taken."""
        ...


class Admission(NamedTuple):
    """What a call was let through with, or refused at."""

    levels: list[Level]
    takings: list[Taking]
    refusal: RateLimitedError | None = None


class RateLimiter:
    """Knows the limits of a worker's keys; `failed` counts calls that went unlimited."""

    def __init__(
        self,
        buckets: Buckets,
        ledger: Ledger,
        clock: Callable[[], float],
        failed: Callable[[], None],
    ) -> None:
        self._buckets = buckets
        self._ledger = ledger
        self._clock = clock
        self._failed = failed
        self._known: OrderedDict[UUID, CallLimits] = OrderedDict()
        self._looked: OrderedDict[UUID, float] = OrderedDict()

    async def admit(self, who: Identity, input_tokens: int, output_tokens: int) -> Admission | None:
        """Take a call of this estimated size from its limits; None if it has none.

        A refusal is in what is returned, for its answer shows the limits too.
        """
        limits = self._known.get(who.key_id)
        if limits is None:
            limits = await self._look(who)
        admission = await self._ask(who, limits, input_tokens, output_tokens)
        if admission is None or admission.refusal is None or not self._may_look(who):
            return admission
        changed = await self._look(who)
        if changed == limits:
            return admission
        return await self._ask(who, changed, input_tokens, output_tokens)

    async def look(
        self, who: Identity, limits: CallLimits, input_tokens: int, output_tokens: int
    ) -> RateLimitedError | None:
        """Tell what would refuse a call of this size now; nothing is taken for it."""
        takings = _all_takings(who, limits, input_tokens, output_tokens)
        if not takings:
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                taken = await self._buckets.look(takings)
        except (psycopg.Error, TimeoutError):
            return None  # as a call would then go on without
        return None if taken.refused is None else _refusal(who, taken, taken.refused)

    def learn(self, who: Identity, limits: CallLimits) -> None:
        """Remember a key's limits as its hold found them."""
        if self._known.get(who.key_id) != limits:
            self._known[who.key_id] = limits
            _bound(self._known)

    def correct(self, admission: Admission, tokens: int) -> None:
        """Replace the estimate by what the call came to; zero gives everything back."""
        corrections = [
            taking._replace(amount=tokens - taking.amount)
            for taking in admission.takings
            if taking.bucket.kind == TOKENS and taking.amount != tokens
        ]
        if corrections:
            self._buckets.correct(corrections)

    def withdraw(self, admission: Admission) -> None:
        """Give everything back, the request too."""
        self._buckets.correct([t._replace(amount=-t.amount) for t in admission.takings])

    async def _look(self, who: Identity) -> CallLimits:
        limits = await self._ledger.read(look_at_limits(who.key_id, who.customer_id))
        self.learn(who, limits)
        return limits

    def _may_look(self, who: Identity) -> bool:
        """Allow one look a second: who is refused may ask very often."""
        now = self._clock()
        if now - self._looked.get(who.key_id, -LOOK_SECONDS) < LOOK_SECONDS:
            return False
        self._looked[who.key_id] = now
        _bound(self._looked)
        return True

    async def _ask(
        self, who: Identity, limits: CallLimits, input_tokens: int, output_tokens: int
    ) -> Admission | None:
        takings = _all_takings(who, limits, input_tokens, output_tokens)
        if not takings:
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                taken = await self._buckets.take(takings)
        except (psycopg.Error, TimeoutError) as error:
            self._failed()
            _log.warning("a call went unlimited", extra={"error": type(error).__name__})
            return None
        if taken.refused is None:
            return Admission(taken.levels, takings)
        return Admission(taken.levels, [], _refusal(who, taken, taken.refused))


def _all_takings(
    who: Identity, limits: CallLimits, input_tokens: int, output_tokens: int
) -> list[Taking]:
    """Take from the key's buckets and from the customer's."""
    return [
        *_takings(who.key_id, limits.key, input_tokens, output_tokens),
        *_takings(who.customer_id, limits.customer, input_tokens, output_tokens),
    ]


def _takings(
    holder: UUID, limits: Limits, input_tokens: int, output_tokens: int
) -> Iterator[Taking]:
    """Take one request, and the prompt with all the output that there may be.

    What may be is no reason to refuse a call for ever: only the prompt alone can exceed a limit.
    """
    if limits.requests_per_minute is not None:
        yield Taking(Bucket(holder, REQUESTS), limits.requests_per_minute, 1)
    if (limit := limits.tokens_per_minute) is not None:
        tokens = max(input_tokens, min(input_tokens + output_tokens, limit))
        yield Taking(Bucket(holder, TOKENS), limit, tokens)


def _refusal(who: Identity, taken: Taken, bucket: Bucket) -> RateLimitedError:
    limit = next(level.limit for level in taken.levels if level.bucket == bucket)
    seconds = min(max(1, -(-taken.retry_ms // 1000)), SECONDS_MAX)
    return RateLimitedError(
        kind=bucket.kind,
        holder=KEY if bucket.holder == who.key_id else CUSTOMER,
        limit=limit,
        retry_after=None if taken.retry_ms == NEVER_MS else seconds,
    )


def _bound(cache: "OrderedDict[UUID, CallLimits] | OrderedDict[UUID, float]") -> None:
    while len(cache) > KNOWN_MAX:
        cache.popitem(last=False)
