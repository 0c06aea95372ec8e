"""A wallet's alerts: thresholds that are told once when crossed, and once when left again."""

from domain import wallet_events as facts
from domain.moment import Moment
from domain.money import Nanos
from domain.wallet_terms import WalletTerms


class WalletAlerts(WalletTerms):
    """Which lines the customer drew, and on which side of each the wallet was last seen.

    Everything is available credit, in nanos, and a line itself is below.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alert_thresholds: list[Nanos] = []
        self.alerts_raised: list[Nanos] = []
        self.quota_percents: list[int] = []
        self.recharge_below: Nanos | None = None
        self.recharge_amount: Nanos | None = None
        self.recharge_requested = False

    def change_alerts(
        self,
        at: Moment,
        *,
        thresholds: list[Nanos],
        quota_percents: list[int],
        recharge_below: Nanos | None,
        recharge_amount: Nanos | None,
        actor: str,
    ) -> None:
        """Draw other lines; one that stays keeps the side that it was last seen on."""
        assert (recharge_below is None) == (recharge_amount is None), "a line and an amount"
        thresholds = sorted(set(thresholds), reverse=True)
        quota_percents = sorted(set(quota_percents))
        recharge = (recharge_below, recharge_amount)
        before = (self.alert_thresholds, self.quota_percents, self._recharge)
        if (thresholds, quota_percents, recharge) == before:
            return
        self.record(
            facts.AlertsChanged,
            at,
            thresholds=thresholds,
            quota_percents=quota_percents,
            recharge_below=recharge_below,
            recharge_amount=recharge_amount,
            actor=actor,
        )

    def check_alerts(self, at: Moment) -> int:
        """Tell which lines were crossed since the last look; returns how many."""
        available = self.available_at(at)
        before = self.version
        for threshold in self.alert_thresholds:
            raised = threshold in self.alerts_raised
            if (available <= threshold) != raised:
                fact = facts.AlertCleared if raised else facts.AlertRaised
                self.record(fact, at, threshold=threshold, available=available)
        self._check_recharge(at, available)
        return self.version - before

    def when_alerts_changed(self, fact: facts.AlertsChanged) -> None:
        """Take the lines; another recharge is another request."""
        recharge = (fact.recharge_below, fact.recharge_amount)
        if recharge != self._recharge:
            self.recharge_below, self.recharge_amount = recharge
            self.recharge_requested = False
        self.alert_thresholds = list(fact.thresholds)
        self.quota_percents = list(fact.quota_percents)
        self.alerts_raised = [line for line in self.alerts_raised if line in fact.thresholds]

    def when_alert_raised(self, fact: facts.AlertRaised) -> None:
        """Say no more of this line until it is left."""
        self.alerts_raised.append(fact.threshold)

    def when_alert_cleared(self, fact: facts.AlertCleared) -> None:
        """Watch the line again."""
        self.alerts_raised.remove(fact.threshold)

    def when_recharge_requested(self, fact: facts.RechargeRequested) -> None:
        """Ask no more until credit is above the line."""
        self.recharge_requested = True

    def when_recharge_cleared(self, fact: facts.RechargeCleared) -> None:
        """Ask again when credit is short again."""
        self.recharge_requested = False

    @property
    def _recharge(self) -> tuple[Nanos | None, Nanos | None]:
        return self.recharge_below, self.recharge_amount

    def _check_recharge(self, at: Moment, available: Nanos) -> None:
        below, amount = self._recharge
        if below is None or (available <= below) == self.recharge_requested:
            return
        if self.recharge_requested:
            self.record(facts.RechargeCleared, at, below=below, available=available)
        else:
            self.record(
                facts.RechargeRequested, at, below=below, amount=amount, available=available
            )
