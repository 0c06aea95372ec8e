"""The API key: whom it acts for, what it may call, and how much of the wallet it may spend."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from domain import api_key_events as facts
from domain.aggregate import Recorded, State, parse_time
from domain.deadlines import Deadlines
from domain.errors import (
    ApiKeyDisabledError,
    ApiKeyExpiredError,
    ModelNotAllowedError,
    PermissionDeniedError,
)
from domain.grants import NEVER
from domain.limits import Limits
from domain.moment import Moment
from domain.money import Nanos
from domain.quota import NONE, Quota, window_of

INFERENCE, MANAGE = "inference", "manage"
PERMISSIONS = (INFERENCE, MANAGE)


@dataclass(slots=True)
class CountedHold:
    """A hold as the quota sees it, in nanos."""

    amount: Nanos
    window: str
    expires_at: datetime


class ApiKey(Recorded):
    """A key of one customer; its quota is never above the wallet's say, only below."""

    TOPIC = "api_key"

    SNAPSHOT_VERSION = 3

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.customer_id = ""
        self.wallet_id = ""
        self.allowed_models: list[str] = []
        self.allowed_providers: list[str] = []
        self.quota_amount: Nanos | None = None
        self.quota_window = NONE
        self.permissions: list[str] = []
        self.tags: dict[str, str] = {}
        self.expires_at: datetime | None = None
        self.disabled = False
        self.alerted: tuple[str, list[int]] = ("", [])
        self.spent: dict[str, Nanos] = {}
        self.held: dict[str, Nanos] = {}
        self.holds: dict[str, CountedHold] = {}
        self.limit_terms: dict[str, int | None] = {}
        self._due = Deadlines()

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
        spent = self.spent.get(window_of(at.now, self.quota_window), 0)
        return self.quota_amount - spent - self.reserved(at)

    def reserved(self, at: Moment) -> Nanos:
        """Tell what open calls hold of the quota's present window."""
        window = window_of(at.now, self.quota_window)
        held = self.held.get(window, 0)
        for request_id in self._due.due(at.horizon):
            hold = self.holds[request_id]
            held -= hold.amount if hold.window == window else 0
        return held

    @property
    def limits(self) -> Limits:
        """How much a minute and how many at once it may call."""
        return Limits(**self.limit_terms)

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
        spent = self.spent.get(window, 0)
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

    def change_limits(self, at: Moment, limits: Limits, *, actor: str) -> None:
        """Replace the limits, if they are others."""
        if limits != self.limits:
            self.record(facts.LimitsChanged, at, **limits.facts(), actor=actor)

    def when_created(self, fact: facts.Created) -> None:
        """Take what the key was created with."""
        for name in ("customer_id", "wallet_id", "quota_amount", "quota_window", "expires_at"):
            setattr(self, name, getattr(fact, name))
        for name in ("allowed_models", "allowed_providers", "permissions"):
            setattr(self, name, list(getattr(fact, name)))
        self.tags = dict(fact.tags)

    def when_reserved(self, fact: facts.Reserved) -> None:
        """Count the hold in its window."""
        hold = CountedHold(fact.amount, fact.window, fact.expires_at)
        self.holds[fact.request_id] = hold
        self._due.add(fact.request_id, hold.expires_at)
        self.held[fact.window] = self.held.get(fact.window, 0) + fact.amount

    def when_charged(self, fact: facts.Charged) -> None:
        """Move the amount from held to spent."""
        self._uncount(fact.request_id)
        self.spent[fact.window] = self.spent.get(fact.window, 0) + fact.amount

    def when_released(self, fact: facts.Released) -> None:
        """Forget the hold."""
        self._uncount(fact.request_id)

    def when_hold_expired(self, fact: facts.HoldExpired) -> None:
        """Forget the hold."""
        self._uncount(fact.request_id)

    def when_corrected(self, fact: facts.Corrected) -> None:
        """Move what was spent."""
        self.spent[fact.window] = self.spent.get(fact.window, 0) - fact.amount

    def when_quota_alert_raised(self, fact: facts.QuotaAlertRaised) -> None:
        """Say no more of it in this window; what was said in earlier ones is over."""
        before = self.alerted[1] if self.alerted[0] == fact.window else []
        self.alerted = (fact.window, [*before, fact.percent])

    def when_disabled(self, fact: facts.Disabled) -> None:
        """Stop."""
        self.disabled = True

    def when_limits_changed(self, fact: facts.LimitsChanged) -> None:
        """Take the whole set."""
        self.limit_terms = {name: getattr(fact, name) for name in Limits.__slots__}

    def to_state(self) -> State:
        """Write the counted holds as plain JSON values."""
        state = super().to_state()
        state["holds"] = {request_id: asdict(hold) for request_id, hold in self.holds.items()}
        return state

    def restore(self, state: State) -> None:
        """Take back the counted holds in order of time."""
        holds = state.pop("holds")
        super().restore(state)
        self.expires_at = parse_time(state["expires_at"])
        window, percents = self.alerted
        self.alerted = (window, percents)
        for request_id, hold in holds.items():
            counted = CountedHold(**hold)
            counted.expires_at = parse_time(hold["expires_at"]) or NEVER
            self.holds[request_id] = counted
            self._due.add(request_id, counted.expires_at)

    def _uncount(self, request_id: str) -> None:
        hold = self.holds.pop(request_id, None)
        if hold is None:
            return
        self._due.discard(request_id, hold.expires_at)
        self.held[hold.window] = self.held.get(hold.window, 0) - hold.amount
        if not self.held[hold.window]:
            del self.held[hold.window]
