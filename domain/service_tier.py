"""Which service tier a call is rated at: asked for, served at, or given again from a cache."""

from typing import Final, NamedTuple

from domain.pricing import FREE, RateCard, rate
from domain.usage import Usage

STANDARD: Final = "standard"
"""What upstreams' own words for the usual tier are read as; in our books it has no name."""
CACHED_TIER: Final = "cached"
"""Prices an answer that is given again; nobody can ask for it."""
UNEXPECTED: Final = "service_tier_unexpected"
UNTOLD: Final = "service_tier_untold"
"""A tier was asked for, and nobody says whether it was granted."""


class Served(NamedTuple):
    """The tier that a call is rated at, None for the standard one, and what is odd about it."""

    tier: str | None
    flags: tuple[str, ...]


def served_at(requested: str | None, reported: str | None, usage: Usage, card: RateCard) -> Served:
    """Take the upstream's word where it is the tier asked for, or the standard one.

    Nobody held for any other, so a call that was served at another is rated as it was asked for.
    Where it says nothing, as a server that ignores the field does, the cheaper of the two counts.
    """
    if reported == requested:
        return Served(requested, ())
    if reported is None:
        cheaper = min((None, requested), key=lambda tier: rate(usage, card, tier))
        return Served(cheaper, (UNTOLD,))
    if reported == STANDARD:
        return Served(None, ())
    return Served(requested, (UNEXPECTED,))


def from_cache(card: RateCard) -> tuple[RateCard, str | None]:
    """Choose what rates an answer that is given again: the tier for that, or nothing is paid."""
    if CACHED_TIER in card.tiers:
        return card, CACHED_TIER
    return card.multiplied(FREE), None


def billed_at(cost: RateCard, reported: str | None) -> str | None:
    """Name the tier that a supplier bills: the one that it says served, if its prices know that."""
    return reported if reported in cost.tiers else None
