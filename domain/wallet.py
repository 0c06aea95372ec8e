"""The wallet: prepaid credit in lots, the holds against it, and the rule that it is never oversold.

credit    = Σ available of lots                  reserved = Σ open holds
available = credit - debt - overdraft held       posted   = available + reserved
a hold fits if amount ≤ available + overdraft limit
debt > 0 ⇒ credit = 0: whatever credit comes in repays debt first
"""

from datetime import datetime
from typing import Self
from uuid import UUID

from domain import wallet_events as facts
from domain.aggregate import Recorded
from domain.errors import ConflictError, NotFoundError, WalletFrozenError
from domain.grants import Allocation, merged, split, take, total
from domain.moment import Moment
from domain.money import NANOS_MAX, Nanos
from domain.wallet_state import ABSORBED, DEBT, WalletState


class Wallet(WalletState):
    """One customer's money in one currency; the only place that decides about it."""

    TOPIC = "wallet"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    @classmethod
    def open(cls, at: Moment, wallet_id: UUID, *, customer_id: str, currency: str) -> Self:
        """Open an empty wallet; what a charge exceeds its funds by is absorbed."""
        return cls.begin(
            facts.Opened,
            at,
            wallet_id,
            customer_id=customer_id,
            currency=currency,
            excess_policy=ABSORBED,
        )

    def grant(
        self,
        at: Moment,
        *,
        grant_id: str,
        amount: Nanos,
        category: str,
        actor: str,
        priority: int = 0,
        expires_at: datetime | None = None,
        reference: str | None = None,
    ) -> None:
        """Add a lot of credit; debt is repaid from it first."""
        assert amount > 0, "a grant adds credit"
        self.record(
            facts.Granted,
            at,
            grant_id=grant_id,
            amount=amount,
            category=category,
            priority=priority,
            expires_at=expires_at,
            repaid=min(self.debt, amount),
            reference=reference,
            actor=actor,
        )

    def check_not_frozen(self) -> None:
        """Raise WalletFrozenError if an operator froze the wallet."""
        if self.frozen:
            raise WalletFrozenError

    def check_bounds(self, change: Nanos) -> None:
        """Raise ConflictError if a change by an operator could take a figure past its bounds.

        Every figure of a wallet, and every charge within it, stays below 2⁶³.
        """
        if self.credit + self.reserved + self.debt + abs(change) > NANOS_MAX:
            message = "The amount would take the wallet beyond what a ledger figure can hold."
            raise ConflictError(message)

    def reserve(
        self, at: Moment, *, request_id: str, key_id: str, amount: Nanos, expires_at: datetime
    ) -> None:
        """Open a hold that was checked to fit; what is due expires first."""
        assert amount <= max(0, self.headroom(at)), "a hold never exceeds the funds"
        assert request_id not in self.holds, "a request holds once"
        self.expire(at)
        allocations = take(self.lots_in_order, amount)
        self.record(
            facts.Reserved,
            at,
            request_id=request_id,
            key_id=key_id,
            amount=amount,
            allocations=allocations,
            overdraft=amount - total(allocations),
            expires_at=expires_at,
        )

    def charge(self, at: Moment, *, request_id: str, key_id: str, rated: Nanos) -> facts.Charged:
        """End the hold with a charge, or charge late if it is over; never refuses.

        Beyond the hold come available credit, the overdraft, then the excess policy.
        """
        self._expire_grants(at)
        hold = self.holds.get(request_id)
        covered, left = split(hold.allocations if hold else [], rated)
        uncovered = rated - total(covered)
        extra = take(self.lots_in_order, uncovered)
        uncovered -= total(extra)
        overdraft = min(uncovered, self._overdraft_room(request_id, uncovered))
        ending = self.ending(at, left, debt=self.debt + overdraft)
        return self.record(
            facts.Charged,
            at,
            request_id=request_id,
            key_id=key_id,
            held=hold.amount if hold else 0,
            amount=rated - uncovered + overdraft,
            absorbed=uncovered - overdraft,
            allocations=merged(covered, extra),
            overdraft=overdraft,
            **ending._asdict(),
        )

    def release(self, at: Moment, *, request_id: str, reason: str) -> None:
        """End a hold for which nothing is owed."""
        hold = self.holds[request_id]
        self.record(
            facts.Released,
            at,
            request_id=request_id,
            key_id=hold.key_id,
            held=hold.amount,
            reason=reason,
            **self.ending(at, hold.allocations, debt=self.debt)._asdict(),
        )

    def expire(self, at: Moment) -> None:
        """End every hold and every grant whose time has run out."""
        for request_id in self.due_holds(at):
            hold = self.holds[request_id]
            self.record(
                facts.HoldExpired,
                at,
                request_id=request_id,
                key_id=hold.key_id,
                held=hold.amount,
                **self.ending(at, hold.allocations, debt=self.debt)._asdict(),
            )
        self._expire_grants(at)

    def void_grant(self, at: Moment, *, grant_id: str, reason: str, actor: str) -> Nanos:
        """Take back what is unused and not held of a grant; returns it, in nanos."""
        lot = self.lots.get(grant_id)
        if lot is None:
            what = "grant"
            raise NotFoundError(what)
        if not lot.available:
            message = "Nothing of this grant is unused."
            raise ConflictError(message)
        amount = lot.available
        self.record(
            facts.GrantVoided, at, grant_id=grant_id, amount=amount, reason=reason, actor=actor
        )
        return amount

    def correct(
        self,
        at: Moment,
        *,
        correction_id: str,
        request_id: str,
        amount: Nanos,
        drawn: Allocation,
        actor: str,
    ) -> Allocation:
        """Correct a charge: positive gives back to the grants it was drawn from, last one first.

        Debt is repaid first, and a grant that has run out takes its part with it.
        A negative amount takes available credit, then makes debt. Returns the allocation.
        """
        self._expire_grants(at)
        repaid = min(self.debt, amount) if amount > 0 else 0
        if amount > 0:
            back, _ = split(drawn[::-1], amount - repaid)
            expired = [(g, n) for g, n in back if self.lots[g].expired(at.horizon)]
            allocations = self.lasting(at, back)
            over = amount - repaid - total(back)
            if over:
                allocations.append((correction_id, over))
        else:
            expired = []
            allocations = take(self.lots_in_order, -amount)
        self.record(
            facts.Corrected,
            at,
            correction_id=correction_id,
            request_id=request_id,
            amount=amount,
            allocations=allocations,
            expired=expired,
            repaid=repaid,
            overdraft=0 if amount > 0 else -amount - total(allocations),
            actor=actor,
        )
        return [*allocations, *expired]

    def change_overdraft_limit(self, at: Moment, *, limit: Nanos, actor: str) -> None:
        """Set how far below zero a hold may go."""
        assert limit >= 0, "a limit is a distance"
        self.record(facts.OverdraftLimitChanged, at, limit=limit, actor=actor)

    def change_excess_policy(self, at: Moment, *, policy: str, actor: str) -> None:
        """Choose between absorbing excess and booking it as debt."""
        assert policy in {ABSORBED, DEBT}, "an unknown policy"
        self.record(facts.ExcessPolicyChanged, at, policy=policy, actor=actor)

    def freeze(self, at: Moment, *, actor: str) -> None:
        """Open no new holds; calls in flight still settle."""
        if not self.frozen:
            self.record(facts.Frozen, at, actor=actor)

    def unfreeze(self, at: Moment, *, actor: str) -> None:
        """Open holds again."""
        if self.frozen:
            self.record(facts.Unfrozen, at, actor=actor)

    def _expire_grants(self, at: Moment) -> None:
        for grant_id in self.due_lots(at):
            left = self.lots[grant_id].available
            self.record(facts.GrantExpired, at, grant_id=grant_id, amount=left)

    def _overdraft_room(self, request_id: str, uncovered: Nanos) -> Nanos:
        """How much of a charge may become debt: the hold's own share always may."""
        if self.excess_policy == DEBT:
            return uncovered
        hold = self.holds.get(request_id)
        own = hold.overdraft if hold else 0
        others = self.overdraft_held - own
        return max(own, self.overdraft_limit - self.debt - others)
