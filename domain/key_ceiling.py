"""What one key may give to others, and to itself: never more than it has."""

from collections.abc import Callable
from typing import Any, Final

from domain.api_key import INFERENCE
from domain.errors import RefusalError
from domain.key_terms import KeyTerms

Within = Callable[[KeyTerms, KeyTerms], bool]
"""Whether terms are within others in one respect."""


class ExceedsOwnKeyError(RefusalError):
    """A key was to have what the key that asks for it has not."""

    code = "exceeds_own_key"

    def __init__(self, param: str) -> None:
        super().__init__(f"'{param}' would go beyond what the API key that asks for it has.")
        self.param = param


def check_gives(own: KeyTerms, after: KeyTerms, before: KeyTerms | None = None) -> None:
    """Raise ExceedsOwnKeyError unless terms are no more than they were, or than the giving key's.

    In all at once: what is within one in this and within the other in that may be more than either.
    `before` is None where a whole key changes hands: a new one, a copy, another's new secret.
    """
    if before is not None and _beyond(after, before, _spends_within) is None:
        return
    param = _beyond(after, own, _may_spend)
    if param is not None:
        raise ExceedsOwnKeyError(param)


def _beyond(after: KeyTerms, bound: KeyTerms, spends: Within) -> str | None:
    """Name what goes beyond the bound; None if nothing does."""
    for param, within in _BOUNDS.items():
        if not within(after, bound):
            return param
    return None if spends(after, bound) else "quota"


def _may_spend(after: KeyTerms, own: KeyTerms) -> bool:
    """Tell whether a key may let another spend.

    With a quota it may not, or it would have two; nor if it spends nothing itself, or a key that
    it has made would take its quota away.
    """
    return INFERENCE not in after.permissions or (
        own.quota is None and INFERENCE in own.permissions
    )


def _spends_within(after: KeyTerms, before: KeyTerms) -> bool:
    if INFERENCE not in after.permissions:
        return True
    new, old = after.quota, before.quota
    if new is None or old is None:
        return old is None
    return new.window == old.window and new.amount <= old.amount


def _scope(names: tuple[str, ...], bound: tuple[str, ...]) -> bool:
    """Tell whether a scope is within another; an empty one is everything."""
    return not bound or (bool(names) and set(names) <= set(bound))


def _at_most(value: Any, bound: Any) -> bool:
    return bound is None or (value is not None and value <= bound)


def _limits(after: KeyTerms, bound: KeyTerms) -> bool:
    most = bound.limits.facts()
    return all(_at_most(limit, most[name]) for name, limit in after.limits.facts().items())


_BOUNDS: Final[dict[str, Within]] = {
    "permissions": lambda after, bound: set(after.permissions) <= set(bound.permissions),
    "allowed_model_ids": lambda after, bound: _scope(after.allowed_models, bound.allowed_models),
    "model_routes": lambda after, bound: _scope(after.allowed_providers, bound.allowed_providers),
    "expires_at": lambda after, bound: _at_most(after.expires_at, bound.expires_at),
    "limits": _limits,
}
