"""What a call would have come to at other prices."""

from collections.abc import Mapping
from typing import Protocol

from domain.inference_request import CACHED, REPORTED
from domain.money import Nanos
from domain.pricing import RateCard, rate
from domain.service_tier import from_cache
from domain.usage import exclusive


class ChargedCall(Protocol):
    """A charge as far as rating it again goes; amounts in nanos."""

    @property
    def charged(self) -> Nanos:
        """What it came to before any correction."""
        ...

    @property
    def hold(self) -> Nanos:
        """What was held for it."""
        ...

    @property
    def basis(self) -> str:
        """Where its usage is from."""
        ...

    @property
    def service_tier(self) -> str | None:
        """At which it was rated, None for the standard one."""
        ...

    @property
    def usage(self) -> Mapping[str, int]:
        """Its quantities by component."""
        ...


def due(call: ChargedCall, original: RateCard, card: RateCard) -> Nanos:
    """Tell what a charged call would have come to at a rate card, without its corrections.

    A counted charge stays within its hold. What was absorbed stays so: a lower price first
    lessens that, and only a higher one adds to what was charged. A service tier that the card does
    not price is rated as the standard one; an answer from a cache is free without a tier for it.
    """
    was, now = _rated(call, original), _rated(call, card)
    return min(call.charged, now) if now <= was else call.charged + now - was


def _rated(call: ChargedCall, card: RateCard) -> Nanos:
    if call.basis == CACHED:
        card, tier = from_cache(card)
    else:
        tier = call.service_tier if call.service_tier in card.tiers else None
    rated = rate(exclusive(**call.usage), card, tier)
    return rated if call.basis == REPORTED else min(rated, call.hold)
