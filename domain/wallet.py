"""The wallet: prepaid credit in lots, the holds against it, and the rule that it is never oversold.

credit    = Σ available of lots                  reserved = Σ open holds
available = credit - debt - overdraft held       posted   = available + reserved
a hold fits if amount ≤ available + overdraft limit
debt > 0 ⇒ credit = 0: whatever credit comes in repays debt first
"""

from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from domain import wallet_events as facts
from domain.aggregate import Recorded
from domain.errors import ConflictError, NotFoundError
from domain.grants import Allocation, merged, split, take, total
from domain.moment import Moment
from domain.money import NANOS_MAX, Nanos, format_amount
from domain.wallet_alerts import WalletAlerts
from domain.wallet_state import ABSORBED, DEBT, Hold


class Wallet(WalletAlerts):
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
            period=self.calendar.period_of(at.now),
            amount=amount,
            category=category,
            priority=priority,
            expires_at=expires_at,
            repaid=min(self.debt, amount),
            reference=reference,
            actor=actor,
        )

    def bears(self, change: Nanos) -> bool:
        """Tell whether every figure, and every charge within it, then stays below 2⁶³."""
        return self.credit + self.reserved + self.debt + abs(change) <= NANOS_MAX

    def check_bounds(self, change: Nanos) -> None:
        """Raise ConflictError if a change by an operator could take a figure past its bounds."""
        if not self.bears(change):
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
            period=self.calendar.period_of(at.now),
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
            period=self._period(at, hold),
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
            period=self._period(at, hold),
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
                period=self._period(at, hold),
                request_id=request_id,
                key_id=hold.key_id,
                held=hold.amount,
                **self.ending(at, hold.allocations, debt=self.debt)._asdict(),
            )
        self._expire_grants(at)

    def unused(self, grant_id: str) -> Nanos:
        """Tell what is neither used nor held of a grant, or raise NotFoundError."""
        lot = self.lots.get(grant_id)
        if lot is None:
            what = "grant"
            raise NotFoundError(what)
        return lot.available

    def void_grant(
        self, at: Moment, *, grant_id: str, reason: str, actor: str, amount: Nanos | None = None
    ) -> Nanos:
        """Take back a part of what is unused of a grant, or all of it; returns it, in nanos."""
        unused = self.unused(grant_id)
        if not unused:
            message = "Nothing of this grant is unused."
            raise ConflictError(message)
        amount = unused if amount is None else amount
        if amount > unused:
            message = f"Only {format_amount(unused)} of this grant is unused."
            raise ConflictError(message)
        assert amount > 0, "a part of something"
        self.record(
            facts.GrantVoided,
            at,
            period=self.calendar.period_of(at.now),
            grant_id=grant_id,
            amount=amount,
            reason=reason,
            actor=actor,
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
        corrects: str,
        batch_id: str | None,
        actor: str,
    ) -> facts.Corrected:
        """Correct a charge: positive gives back to the grants it was drawn from, last one first.

        Debt is repaid first, and a grant that has run out takes its part with it.
        A negative amount takes available credit, then makes debt.
        """
        self._expire_grants(at)
        repaid = min(self.debt, max(0, amount))
        allocations, expired = self._returned(at, correction_id, amount - repaid, drawn)
        return self.record(
            facts.Corrected,
            at,
            period=self.calendar.period_of(at.now),
            correction_id=correction_id,
            request_id=request_id,
            amount=amount,
            allocations=allocations,
            expired=expired,
            repaid=repaid,
            overdraft=0 if amount > 0 else -amount - total(allocations),
            corrects=corrects,
            batch_id=batch_id,
            actor=actor,
        )

    def _returned(
        self, at: Moment, correction_id: str, amount: Nanos, drawn: Allocation
    ) -> tuple[Allocation, Allocation]:
        """Decide which lots a correction gives back to or takes from, and what runs out at once."""
        if amount < 0:
            return take(self.lots_in_order, -amount), []
        back, _ = split(drawn[::-1], amount)
        allocations = self.lasting(at, back)
        if over := amount - total(back):
            allocations.append((correction_id, over))
        return allocations, [(g, n) for g, n in back if self.lots[g].expired(at.horizon)]

    def check_closable(self, at: Moment, period: str, grace: timedelta) -> None:
        """Raise ConflictError unless this is the next month to close and its grace is over."""
        if period != self.calendar.next_to_close:
            message = f"{period} is not the next month to close: {self.calendar.next_to_close} is."
            raise ConflictError(message)
        over = self.calendar.bounds(period)[1] + grace
        if at.horizon < over:
            message = f"{period} can be closed from {over.isoformat()} on."
            raise ConflictError(message)

    def close_period(self, at: Moment, *, period: str, number: int, actor: str) -> None:
        """Close the month that was checked to be next; what is due expires first."""
        self.expire(at)
        open_holds = [hold.amount for hold in self.holds.values() if hold.period <= period]
        self.record(
            facts.PeriodClosed,
            at,
            period=period,
            number=number,
            opening=self.calendar.balance,
            closing=self.calendar.closing(period),
            open_holds=len(open_holds),
            held=sum(open_holds),
            zone=self.calendar.zone_of(period),
            actor=actor,
        )

    def _expire_grants(self, at: Moment) -> None:
        for grant_id in self.due_lots(at):
            lot = self.lots[grant_id]
            assert lot.expires_at is not None, "only what has an end runs out"
            self.record(
                facts.GrantExpired,
                at,
                period=self.calendar.period_of(lot.expires_at),
                grant_id=grant_id,
                amount=lot.available,
            )

    def _period(self, at: Moment, hold: Hold | None) -> str:
        """Name the month of a hold's end: that of its beginning, unless it is closed or unknown."""
        if hold is None:
            return self.calendar.period_of(at.now)
        return self.calendar.booked(hold.period)

    def _overdraft_room(self, request_id: str, uncovered: Nanos) -> Nanos:
        """How much of a charge may become debt: the hold's own share always may."""
        if self.excess_policy == DEBT:
            return uncovered
        hold = self.holds.get(request_id)
        own = hold.overdraft if hold else 0
        others = self.overdraft_held - own
        return max(own, self.overdraft_limit - self.debt - others)
