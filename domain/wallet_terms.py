"""A wallet's terms: what an operator may set, none of which moves money."""

from domain import wallet_events as facts
from domain.errors import WalletFrozenError
from domain.moment import Moment
from domain.money import Nanos
from domain.periods import next_month, start_of, zone_named
from domain.wallet_state import ABSORBED, DEBT, WalletState


class WalletTerms(WalletState):
    """Limits, policy, freezing and the time zone."""

    def check_not_frozen(self) -> None:
        """Raise WalletFrozenError if an operator froze the wallet."""
        if self.frozen:
            raise WalletFrozenError

    def change_overdraft_limit(self, at: Moment, *, limit: Nanos, actor: str) -> None:
        """Set how far below zero a hold may go."""
        assert limit >= 0, "a limit is a distance"
        self.record(facts.OverdraftLimitChanged, at, limit=limit, actor=actor)

    def change_excess_policy(self, at: Moment, *, policy: str, actor: str) -> None:
        """Choose between absorbing excess and booking it as debt."""
        assert policy in {ABSORBED, DEBT}, "an unknown policy"
        self.record(facts.ExcessPolicyChanged, at, policy=policy, actor=actor)

    def change_price_list(self, at: Moment, *, price_list: str | None, actor: str) -> None:
        """Price new holds by another list; calls in flight keep theirs."""
        if price_list != self.price_list:
            self.record(facts.PriceListChanged, at, price_list=price_list, actor=actor)

    def freeze(self, at: Moment, *, actor: str) -> None:
        """Open no new holds; calls in flight still settle."""
        if not self.frozen:
            self.record(facts.Frozen, at, actor=actor)

    def unfreeze(self, at: Moment, *, actor: str) -> None:
        """Open holds again."""
        if self.frozen:
            self.record(facts.Unfrozen, at, actor=actor)

    def change_time_zone(self, at: Moment, *, zone: str, actor: str) -> str:
        """Cut months by another zone from the next one on; returns that month."""
        zone_named(zone)
        from_period = next_month(self.calendar.period_of(at.now))
        if start_of(from_period, zone) <= at.now:
            # There the next month has begun already: this one would end in the past.
            from_period = next_month(from_period)
        later = self.calendar.zones[-1][0] > from_period
        if later or self.calendar.zone_of(from_period) != zone:
            self.record(facts.TimeZoneChanged, at, zone=zone, from_period=from_period, actor=actor)
        return from_period
