"""The API key: whom it acts for, what it may call, and how much of the wallet it may spend."""

from datetime import datetime
from typing import Self
from uuid import UUID

from domain import api_key_events as facts
from domain.aggregate import Recorded
from domain.api_key_state import ApiKeyState
from domain.errors import (
    ApiKeyDisabledError,
    ApiKeyExpiredError,
    ModelNotAllowedError,
    PermissionDeniedError,
)
from domain.key_terms import KeyTerms
from domain.limits import Limits
from domain.moment import Moment
from domain.money import Nanos
from domain.quota import DAY, NONE, Quota, is_within, window_of

INFERENCE, MANAGE = "inference", "manage"
PERMISSIONS = (INFERENCE, MANAGE)


class ApiKey(ApiKeyState):
    """A key of one customer; its quota is never above the wallet's say, only below."""

    TOPIC = "api_key"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    @classmethod
    def create(
        cls,
        at: Moment,
        key_id: UUID,
        *,
        customer_id: str,
        wallet_id: str,
        name_hash: str,
        actor: str,
        credential_id: str | None = None,
        allowed_models: list[str] | None = None,
        allowed_providers: list[str] | None = None,
        quota: Quota | None = None,
        permissions: list[str] | None = None,
        tags: dict[str, str] | None = None,
        expires_at: datetime | None = None,
    ) -> Self:
        """Create a key; without a scope it may call every model, now and later."""
        return cls.begin(
            facts.Created,
            at,
            key_id,
            customer_id=customer_id,
            wallet_id=wallet_id,
            name_hash=name_hash,
            allowed_models=allowed_models or [],
            allowed_providers=allowed_providers or [],
            quota_amount=quota.amount if quota else None,
            quota_window=quota.window if quota else NONE,
            permissions=list(PERMISSIONS) if permissions is None else permissions,
            tags=tags or {},
            expires_at=expires_at,
            credential_id=credential_id,
            actor=actor,
        )

    def check_usable(self, at: Moment, permission: str) -> None:
        """Raise unless the key is enabled, unexpired and has the permission."""
        if self.disabled:
            raise ApiKeyDisabledError
        if self.expires_at is not None and self.expires_at <= at.now:
            raise ApiKeyExpiredError
        if permission not in self.permissions:
            raise PermissionDeniedError(permission)

    def check_allows(self, model: str, providers: list[str]) -> list[str]:
        """Narrow a model's providers to those in scope, or raise ModelNotAllowedError."""
        if self.allowed_models and model not in self.allowed_models:
            raise ModelNotAllowedError(model)
        if not self.allowed_providers:
            return providers
        allowed = [name for name in providers if name in self.allowed_providers]
        if not allowed:
            raise ModelNotAllowedError(model)
        return allowed

    def headroom(self, at: Moment) -> Nanos | None:
        """Tell what the quota still allows in the present window, or None without a quota.

        Holds that have run out do not count, whoever ends them later.
        """
        if self.quota_amount is None:
            return None
        return self.quota_amount - self.used(at) - self.reserved(at)

    def used(self, at: Moment) -> Nanos:
        """Tell what was charged in the quota's present window.

        After a change of windows that is also what smaller ones within it have counted.
        """
        return self._within(self.spent, window_of(at.now, self.quota_window))

    def reserved(self, at: Moment) -> Nanos:
        """Tell what open calls hold of the quota's present window."""
        window = window_of(at.now, self.quota_window)
        held = self._within(self.held, window)
        for request_id in self._due.due(at.horizon):
            hold = self.holds[request_id]
            held -= hold.amount if is_within(hold.window, window) else 0
        return held

    def open_calls(self, at: Moment) -> int:
        """Count the calls that hold and are within their time."""
        return len(self.holds) - sum(1 for _ in self._due.due(at.horizon))

    def reserve(self, at: Moment, *, request_id: str, amount: Nanos, expires_at: datetime) -> None:
        """Count a hold that was checked to fit."""
        headroom = self.headroom(at)
        assert headroom is None or amount <= max(0, headroom), "a hold never exceeds the quota"
        self.record(
            facts.Reserved,
            at,
            request_id=request_id,
            amount=amount,
            window=window_of(at.now, self.quota_window),
            expires_at=expires_at,
        )

    def charge(self, at: Moment, *, request_id: str, amount: Nanos, window: str) -> None:
        """Count a charge in the hold's window, whether or not the hold is still open."""
        hold = self.holds.get(request_id)
        self.record(
            facts.Charged,
            at,
            request_id=request_id,
            held=hold.amount if hold else 0,
            amount=amount,
            window=hold.window if hold else window,
        )

    def release(self, at: Moment, *, request_id: str) -> None:
        """Stop counting a hold, if it still counts."""
        if hold := self.holds.get(request_id):
            self.record(
                facts.Released, at, request_id=request_id, held=hold.amount, window=hold.window
            )

    def expire(self, at: Moment) -> list[str]:
        """End the counting of every hold whose time has run out; returns their requests."""
        due = list(self._due.due(at.horizon))
        for request_id in due:
            hold = self.holds[request_id]
            self.record(
                facts.HoldExpired, at, request_id=request_id, held=hold.amount, window=hold.window
            )
        return due

    def correct(self, at: Moment, *, request_id: str, amount: Nanos, window: str) -> None:
        """Give quota back, or take more, in the window of the charge."""
        self.record(facts.Corrected, at, request_id=request_id, amount=amount, window=window)

    def check_quota_alerts(self, at: Moment, percents: list[int]) -> int:
        """Tell which of these percents of the quota are spent, once a window; returns how many."""
        if not self.quota_amount:
            return 0
        window = window_of(at.now, self.quota_window)
        spent = self.used(at)
        known = self.alerted[1] if self.alerted[0] == window else []
        reached = [p for p in percents if 100 * spent >= p * self.quota_amount and p not in known]
        for percent in reached:
            self.record(
                facts.QuotaAlertRaised,
                at,
                wallet_id=self.wallet_id,
                percent=percent,
                window=window,
                spent=spent,
                quota=self.quota_amount,
            )
        return len(reached)

    def disable(self, at: Moment, *, actor: str) -> None:
        """Disable the key for good."""
        if not self.disabled:
            self.record(facts.Disabled, at, actor=actor)

    def change(self, at: Moment, terms: KeyTerms, *, actor: str) -> None:
        """Have other terms from now on, as far as they are others."""
        if terms.facts() != self.terms.facts():
            self.record(facts.Changed, at, **terms.facts(), actor=actor)
        self.change_limits(at, terms.limits, actor=actor)

    def rename(self, at: Moment, *, name_id: str, name_hash: str, actor: str) -> None:
        """Go by another name, an erasable text of that id."""
        self.record(facts.Renamed, at, name_id=name_id, name_hash=name_hash, actor=actor)

    def rotate(self, at: Moment, *, credential_id: str, replaces: str | None, actor: str) -> None:
        """Open to another secret, which must be issued in the same commit."""
        assert not self.disabled, "a disabled key opens nothing"
        self.record(facts.Rotated, at, credential_id=credential_id, replaces=replaces, actor=actor)

    def change_limits(self, at: Moment, limits: Limits, *, actor: str) -> None:
        """Replace the limits, if they are others."""
        if limits != self.limits:
            self.record(facts.LimitsChanged, at, **limits.facts(), actor=actor)

    def _within(self, counted: dict[str, Nanos], window: str) -> Nanos:
        """Sum up what was counted in a window; nothing is smaller than a day."""
        if self.quota_window == DAY:
            return counted.get(window, 0)
        return sum(amount for name, amount in counted.items() if is_within(name, window))
