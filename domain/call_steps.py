"""The steps of one call on its way, and when each began: for its trace, never for its bill."""

from collections.abc import Callable

AUTH, BODY, POLICIES, QUOTE = "auth", "body", "policies", "quote"
LIMITS, RESERVE, ATTEMPT, RELAY = "limits", "reserve", "attempt", "relay"
CHARGE, RELEASE, SEND, REFUSE, END = "charge", "release", "send", "refuse", "end"


class CallSteps:
    """A plain list, since every call writes one: a step lasts until the next one begins.

    `clock` is in nanoseconds and only ever subtracted.
    """

    __slots__ = ("_clock", "begun", "traceparent")

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self.begun: list[tuple[str, int]] = [(AUTH, clock())]
        self.traceparent: str | None = None
        """What upstreams are told of the trace that the call is part of; None for nothing."""

    def begin(self, step: str) -> None:
        """Begin a step, which ends the one before."""
        self.begun.append((step, self._clock()))

    @property
    def routing_ms(self) -> int:
        """Milliseconds from the body to the first provider or kept answer, once one answered."""
        first = dict(reversed(self.begun))
        return (first.get(ATTEMPT, first[RELAY]) - first[POLICIES]) // 1_000_000
