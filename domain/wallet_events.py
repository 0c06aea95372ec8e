"""The facts of a wallet. Amounts in nanos; an allocation is a list of (grant id, nanos).

`held` on a fact that ends a hold is the whole hold, so that a reader needs no other fact:
reserved falls by `held`, posted falls by `amount` and by what expired.

`period` is the month in which a fact is booked: its own if that is open, else the oldest open
one. Its own is the month in which the hold was made, or in which the grant ran out.
"""

from datetime import datetime

from domain.aggregate import Fact, FirstFact
from domain.grants import Allocation
from domain.money import Nanos


class Opened(FirstFact):
    """The wallet exists, in one currency for ever."""

    TOPIC = "wallet.opened.1"
    customer_id: str
    currency: str
    excess_policy: str


class Granted(Fact):
    """Credit came in; `repaid` of it went to the debt at once."""

    TOPIC = "wallet.granted.2"
    period: str
    grant_id: str
    amount: Nanos
    category: str
    priority: int
    expires_at: datetime | None
    repaid: Nanos
    reference: str | None
    actor: str


class Reserved(Fact):
    """A hold was opened."""

    TOPIC = "wallet.reserved.2"
    period: str
    request_id: str
    key_id: str
    amount: Nanos
    allocations: Allocation
    overdraft: Nanos
    expires_at: datetime


class Charged(Fact):
    """A call was charged; its hold, if it still had one, is over.

    rated = amount + absorbed. What the hold had not covered came from credit, then overdraft.
    """

    TOPIC = "wallet.charged.2"
    period: str
    request_id: str
    key_id: str
    held: Nanos
    amount: Nanos
    absorbed: Nanos
    allocations: Allocation
    overdraft: Nanos
    returned: Allocation
    expired: Allocation
    repaid: Allocation


class Released(Fact):
    """A hold ended and nothing was owed."""

    TOPIC = "wallet.released.2"
    period: str
    request_id: str
    key_id: str
    held: Nanos
    reason: str
    returned: Allocation
    expired: Allocation
    repaid: Allocation


class HoldExpired(Fact):
    """A hold's time ran out and nobody had ended it."""

    TOPIC = "wallet.hold_expired.2"
    period: str
    request_id: str
    key_id: str
    held: Nanos
    returned: Allocation
    expired: Allocation
    repaid: Allocation


class GrantExpired(Fact):
    """What was left of a grant is gone."""

    TOPIC = "wallet.grant_expired.2"
    period: str
    grant_id: str
    amount: Nanos


class GrantVoided(Fact):
    """An operator took back what was unused of a grant."""

    TOPIC = "wallet.grant_voided.2"
    period: str
    grant_id: str
    amount: Nanos
    reason: str
    actor: str


class Corrected(Fact):
    """A charge was corrected; positive gives credit back, negative takes more."""

    TOPIC = "wallet.corrected.2"
    period: str
    correction_id: str
    request_id: str
    amount: Nanos
    allocations: Allocation
    expired: Allocation
    repaid: Nanos
    overdraft: Nanos
    corrects: str
    """The month in which the charge was booked."""
    batch_id: str | None
    actor: str


class OverdraftLimitChanged(Fact):
    """How far below zero a hold may go."""

    TOPIC = "wallet.overdraft_limit_changed.1"
    limit: Nanos
    actor: str


class ExcessPolicyChanged(Fact):
    """What happens to a charge that nothing covers: absorbed, or debt."""

    TOPIC = "wallet.excess_policy_changed.1"
    policy: str
    actor: str


class PriceListChanged(Fact):
    """New holds are priced by another list; None is the public prices."""

    TOPIC = "wallet.price_list_changed.1"
    price_list: str | None
    actor: str


class Frozen(Fact):
    """No new hold is opened."""

    TOPIC = "wallet.frozen.1"
    actor: str


class Unfrozen(Fact):
    """Holds are opened again."""

    TOPIC = "wallet.unfrozen.1"
    actor: str


class TimeZoneChanged(Fact):
    """From this month on, midnight in another zone cuts the wallet's months."""

    TOPIC = "wallet.time_zone_changed.1"
    zone: str
    from_period: str
    actor: str


class PeriodClosed(Fact):
    """A month is over for good: nothing more is ever booked in it.

    `opening` and `closing` are posted balances; `held` is what calls of that month or before
    still held then, and `number` is that of the month's statement.
    """

    TOPIC = "wallet.period_closed.1"
    period: str
    number: int
    opening: Nanos
    closing: Nanos
    open_holds: int
    held: Nanos
    zone: str
    actor: str


class AlertsChanged(Fact):
    """The customer drew other lines of available credit; None asks for no recharge.

    The percents are of every key's quota, within its window.
    """

    TOPIC = "wallet.alerts_changed.1"
    thresholds: list[Nanos]
    quota_percents: list[int]
    recharge_below: Nanos | None
    recharge_amount: Nanos | None
    actor: str


class AlertRaised(Fact):
    """Available credit was seen at or below a threshold, for the first time since it was above."""

    TOPIC = "wallet.alert_raised.1"
    threshold: Nanos
    available: Nanos


class AlertCleared(Fact):
    """Available credit was seen above the threshold again."""

    TOPIC = "wallet.alert_cleared.1"
    threshold: Nanos
    available: Nanos


class RechargeRequested(Fact):
    """Available credit is so low that the customer wants this much more."""

    TOPIC = "wallet.recharge_requested.1"
    below: Nanos
    amount: Nanos
    available: Nanos


class RechargeCleared(Fact):
    """Available credit is above the line again, whoever brought it there."""

    TOPIC = "wallet.recharge_cleared.1"
    below: Nanos
    available: Nanos
