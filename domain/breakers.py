"""Circuit breakers: which routes have failed a moment ago, and how fast the others are.

        fails                 time is over            works
closed ──────▶ open (cooling) ────────────▶ half open ──────▶ closed
                     ▲──────── fails, for twice as long ──┘
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from domain.catalog import Model, Route

OPEN_MAX_MS: Final = 60_000
TRIAL_MS: Final = 60_000
"""A trial of which nothing was heard for so long is over."""


class Standing(IntEnum):
    """How a route stands: the higher the better."""

    OPEN = 0
    HALF_OPEN = 1
    CLOSED = 2


@dataclass(slots=True)
class _Breaker:
    until: int
    """When it may be tried again."""
    milliseconds: int
    """For how long it was opened."""
    trial_until: int = 0
    """Until when a call is trying it out."""


Key = tuple[str, str, str]


class Breakers:
    """One breaker for each model's route, not for a provider; `clock` is in milliseconds.

    One worker's own experience, and nothing but advice: an only route is still tried.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._breakers: dict[Key, _Breaker] = {}
        self._latency: dict[Key, int] = {}

    def standing(self, model: Model, route: Route) -> Standing:
        """Tell how a route stands; half open while the one trial call is still to be had."""
        breaker = self._breakers.get(_key(model, route))
        if breaker is None:
            return Standing.CLOSED
        now = self._clock()
        waiting = now < breaker.until or now < breaker.trial_until
        return Standing.OPEN if waiting else Standing.HALF_OPEN

    def latency(self, model: Model, route: Route) -> int | None:
        """Give the recent time to the first byte, in milliseconds, or None if it never worked."""
        return self._latency.get(_key(model, route))

    def begin(self, model: Model, route: Route) -> bool:
        """Note that a call takes this route; tells whether it is the trial of a half-open one."""
        trial = bool(self._breakers) and self.standing(model, route) is Standing.HALF_OPEN
        if trial:
            self._breakers[_key(model, route)].trial_until = self._clock() + TRIAL_MS
        return trial

    def succeeded(self, model: Model, route: Route, milliseconds: int) -> None:
        """Close the breaker, and follow how fast the route is."""
        key = _key(model, route)
        before = self._latency.get(key, milliseconds)
        self._latency[key] = (3 * before + milliseconds) // 4
        if self._breakers:
            self._breakers.pop(key, None)

    def failed(self, model: Model, route: Route, seconds: int, *, trial: bool = False) -> None:
        """Open the breaker for this long, or after a failed trial, for twice as long as before.

        The trial goes on whatever becomes of another call.
        """
        key, wait = _key(model, route), 1000 * seconds
        before = self._breakers.get(key) or _Breaker(0, 0)
        if trial:
            wait = max(wait, min(2 * before.milliseconds, OPEN_MAX_MS))
        until = max(self._clock() + wait, before.until)
        trying = 0 if trial else before.trial_until
        kept = max(wait, before.milliseconds) if trying else wait
        self._breakers[key] = _Breaker(until, kept, trying)

    def abandoned(self, model: Model, route: Route, *, trial: bool = False) -> None:
        """Give the trial, if this call was it, to another one: it has shown nothing."""
        breaker = self._breakers.get(_key(model, route))
        if trial and breaker is not None:
            breaker.trial_until = 0


def _key(model: Model, route: Route) -> Key:
    return model.id, route.provider, route.upstream_model
