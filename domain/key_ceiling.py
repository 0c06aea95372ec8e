"""What one key may give to others, and to itself: never more than it has."""

from collections.abc import Callable
from typing import Any, Final

from domain.api_key import INFERENCE
from domain.errors import RefusalError
from domain.key_terms import KeyTerms


class ExceedsOwnKeyError(RefusalError):
    """A key was to have what the key that asks for it has not."""

    code = "exceeds_own_key"

    def __init__(self, param: str) -> None:
        super().__init__(f"'{param}' would go beyond what the API key that asks for it has.")
        self.param = param


def check_gives(own: KeyTerms, after: KeyTerms, before: KeyTerms | None = None) -> None:
    """Raise ExceedsOwnKeyError if terms go beyond both the giving key's own and what they were.

    `before` is None where a whole key changes hands: a new one, a copy, another's new secret.
    """
    for param, within in _BOUNDS.items():
        if not within(after, own) and (before is None or not within(after, before)):
            raise ExceedsOwnKeyError(param)
    if not _may_spend(own, after) and (before is None or not _spends_within(after, before)):
        param = "quota"
        raise ExceedsOwnKeyError(param)


def _may_spend(own: KeyTerms, after: KeyTerms) -> bool:
    """Tell whether a key may let another spend.

    With a quota it may not, or it would have two; nor if it spends nothing itself, or a key that
    it has made would take its quota away.
    """
    return INFERENCE not in after.permissions or (
        own.quota is None and INFERENCE in own.permissions
    )


def _spends_within(after: KeyTerms, before: KeyTerms) -> bool:
    if INFERENCE not in before.permissions:
        return False
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


_BOUNDS: Final[dict[str, Callable[[KeyTerms, KeyTerms], bool]]] = {
    "permissions": lambda after, bound: set(after.permissions) <= set(bound.permissions),
    "allowed_model_ids": lambda after, bound: _scope(after.allowed_models, bound.allowed_models),
    "model_routes": lambda after, bound: _scope(after.allowed_providers, bound.allowed_providers),
    "expires_at": lambda after, bound: _at_most(after.expires_at, bound.expires_at),
    "limits": _limits,
}
