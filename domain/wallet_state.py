"""What a wallet's facts add up to, and the figures that its decisions look at."""

from bisect import insort
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from domain import wallet_events as facts
from domain.aggregate import Recorded, State, parse_time
from domain.calendar import Calendar
from domain.deadlines import Deadlines
from domain.grants import NEVER, PAID, Allocation, Lot, split, total
from domain.moment import Moment
from domain.money import Nanos

ABSORBED, DEBT = "absorbed", "debt"
"""Excess policies: the operator bears what funds do not cover, or the wallet owes it."""


@dataclass(slots=True)
class Hold:
    """Credit set aside for one request, in nanos."""

    key_id: str
    amount: Nanos
    allocations: Allocation
    overdraft: Nanos
    expires_at: datetime
    period: str


class Ending(NamedTuple):
    """Where the unused part of a hold goes: back to its lots, into debt, or it expires at once."""

    returned: Allocation
    expired: Allocation
    repaid: Allocation


class WalletState(Recorded):
    """The fold of a wallet's facts; nothing here decides."""

    SNAPSHOT_VERSION = 3

    def __init__(self) -> None:
        self.customer_id = ""
        self.currency = ""
        self.excess_policy = ABSORBED
        self.overdraft_limit: Nanos = 0
        self.frozen = False
        self.price_list: str | None = None
        self.debt: Nanos = 0
        self.credit: Nanos = 0
        self.reserved: Nanos = 0
        self.overdraft_held: Nanos = 0
        self.lots: dict[str, Lot] = {}
        self.holds: dict[str, Hold] = {}
        self.calendar = Calendar()
        self._in_order: list[Lot] = []
        self._lots_due = Deadlines()
        self._holds_due = Deadlines()

    @property
    def available(self) -> Nanos:
        """What a hold may take without overdraft, before anything that is due has expired."""
        return self.credit - self.debt - self.overdraft_held

    def available_at(self, at: Moment) -> Nanos:
        """Tell what will be available once everything that is due has expired."""
        change = 0
        for request_id in self._holds_due.due(at.horizon):
            hold = self.holds[request_id]
            change += hold.overdraft + total(self.lasting(at, hold.allocations))
        for grant_id in self._lots_due.due(at.horizon):
            change -= self.lots[grant_id].available
        return self.available + change

    def debt_at(self, at: Moment) -> Nanos:
        """Tell what will be owed once everything that is due has expired."""
        due = (self.holds[request_id] for request_id in self._holds_due.due(at.horizon))
        return max(0, self.debt - sum(total(self.lasting(at, h.allocations)) for h in due))

    def headroom(self, at: Moment) -> Nanos:
        """Tell the largest hold that fits."""
        return self.available_at(at) + self.overdraft_limit

    def reserved_at(self, at: Moment) -> Nanos:
        """Tell what is held by calls that are still within their time."""
        due = sum(self.holds[request_id].amount for request_id in self._holds_due.due(at.horizon))
        return self.reserved - due

    @property
    def lots_in_order(self) -> list[Lot]:
        """The lots that have credit, in their order of use."""
        return self._in_order

    def due_holds(self, at: Moment) -> list[str]:
        """Name the requests whose hold has run out, oldest first."""
        return list(self._holds_due.due(at.horizon))

    def due_lots(self, at: Moment) -> list[str]:
        """Name the grants that have run out with credit left in them."""
        return list(self._lots_due.due(at.horizon))

    def lasting(self, at: Moment, allocation: Allocation) -> Allocation:
        """Keep the parts whose grant has not run out."""
        return [(g, part) for g, part in allocation if not self.lots[g].expired(at.horizon)]

    def ending(self, at: Moment, left: Allocation, *, debt: Nanos) -> Ending:
        """Decide where the unused part of a hold goes."""
        lasting = self.lasting(at, left)
        expired = [(g, part) for g, part in left if self.lots[g].expired(at.horizon)]
        repaid, returned = split(lasting, debt)
        return Ending(returned, expired, repaid)

    def when_opened(self, fact: facts.Opened) -> None:
        """Begin empty."""
        self.calendar.first = self.calendar.month_of(fact.timestamp)
        self.customer_id = fact.customer_id
        self.currency = fact.currency
        self.excess_policy = fact.excess_policy

    def when_granted(self, fact: facts.Granted) -> None:
        """Add a lot, less what repays debt."""
        self.debt -= fact.repaid
        self.lots[fact.grant_id] = Lot(
            fact.grant_id,
            fact.category,
            fact.priority,
            fact.expires_at,
            sequence=len(self.lots),
            available=0,
        )
        self._put(fact.grant_id, fact.amount - fact.repaid)
        self.calendar.move(fact.period, fact.amount)

    def when_reserved(self, fact: facts.Reserved) -> None:
        """Move credit from available to held."""
        hold = Hold(
            fact.key_id,
            fact.amount,
            [(grant_id, part) for grant_id, part in fact.allocations],
            fact.overdraft,
            fact.expires_at,
            fact.period,
        )
        for grant_id, part in hold.allocations:
            self._put(grant_id, -part)
            self.lots[grant_id].held += part
        self.reserved += hold.amount
        self.overdraft_held += hold.overdraft
        self.holds[fact.request_id] = hold
        self._holds_due.add(fact.request_id, hold.expires_at)

    def when_charged(self, fact: facts.Charged) -> None:
        """End the hold; what it did not cover comes out of available credit and debt."""
        held = self._end_hold(fact)
        for grant_id, part in fact.allocations:
            beyond = part - held.get(grant_id, 0)
            if beyond > 0:
                self._put(grant_id, -beyond)
        self.debt += fact.overdraft
        self.calendar.move(fact.period, -fact.amount)

    def when_released(self, fact: facts.Released) -> None:
        """Give the hold back."""
        self._end_hold(fact)

    def when_hold_expired(self, fact: facts.HoldExpired) -> None:
        """Give the hold back."""
        self._end_hold(fact)

    def when_grant_expired(self, fact: facts.GrantExpired) -> None:
        """Drop what was left of the lot."""
        self._drop(fact)

    def when_grant_voided(self, fact: facts.GrantVoided) -> None:
        """Drop what was unused of the lot."""
        self._drop(fact)

    def when_corrected(self, fact: facts.Corrected) -> None:
        """Put credit back where it came from, or take more."""
        sign = 1 if fact.amount > 0 else -1
        for grant_id, part in fact.allocations:
            if grant_id not in self.lots:
                made = Lot(grant_id, PAID, 0, None, sequence=len(self.lots), available=0)
                self.lots[grant_id] = made
            self._put(grant_id, sign * part)
        self.debt += fact.overdraft - fact.repaid
        self.calendar.move(fact.period, fact.amount - total(fact.expired))

    def when_overdraft_limit_changed(self, fact: facts.OverdraftLimitChanged) -> None:
        """Move the floor."""
        self.overdraft_limit = fact.limit

    def when_excess_policy_changed(self, fact: facts.ExcessPolicyChanged) -> None:
        """Take the new policy."""
        self.excess_policy = fact.policy

    def when_price_list_changed(self, fact: facts.PriceListChanged) -> None:
        """Take the list."""
        self.price_list = fact.price_list

    def when_frozen(self, fact: facts.Frozen) -> None:
        """Stop new holds."""
        self.frozen = True

    def when_unfrozen(self, fact: facts.Unfrozen) -> None:
        """Allow new holds."""
        self.frozen = False

    def when_time_zone_changed(self, fact: facts.TimeZoneChanged) -> None:
        """Cut later months elsewhere."""
        self.calendar.change_zone(fact.zone, fact.from_period)

    def when_period_closed(self, fact: facts.PeriodClosed) -> None:
        """Book nothing in this month any more."""
        self.calendar.close(fact.period)

    def to_state(self) -> State:
        """Write lots and holds as plain JSON values, the rest as it is."""
        state = super().to_state()
        state["calendar"] = self.calendar.to_state()
        state["lots"] = [asdict(lot) for lot in self.lots.values()]
        state["holds"] = {request_id: asdict(hold) for request_id, hold in self.holds.items()}
        return state

    def restore(self, state: State) -> None:
        """Take back lots and holds, and order them again."""
        lots = [Lot(**lot) for lot in state.pop("lots")]
        holds = {key: Hold(**hold) for key, hold in state.pop("holds").items()}
        state["calendar"] = Calendar.restored(state["calendar"])
        super().restore(state)
        for lot in lots:
            lot.expires_at = parse_time(lot.expires_at)
            self.lots[lot.grant_id] = lot
            if lot.available:
                self._offer(lot)
        for request_id, hold in holds.items():
            hold.expires_at = parse_time(hold.expires_at) or NEVER
            hold.allocations = [(grant_id, part) for grant_id, part in hold.allocations]
            self.holds[request_id] = hold
            self._holds_due.add(request_id, hold.expires_at)

    def _offer(self, lot: Lot) -> None:
        """Put a lot that has credit in the order of use, and watch its expiry."""
        insort(self._in_order, lot, key=_order)
        if lot.expires_at is not None:
            self._lots_due.add(lot.grant_id, lot.expires_at)

    def _drop(self, fact: facts.GrantExpired | facts.GrantVoided) -> None:
        self._put(fact.grant_id, -fact.amount)
        self.calendar.move(fact.period, -fact.amount)

    def _put(self, grant_id: str, amount: Nanos) -> None:
        """Change what a lot has available, and keep only lots with credit in the order of use."""
        lot = self.lots[grant_id]
        was = lot.available
        lot.available += amount
        self.credit += amount
        assert lot.available >= 0, "a lot never goes below zero"
        if not was and lot.available:
            self._offer(lot)
        elif was and not lot.available:
            self._in_order.remove(lot)
            if lot.expires_at is not None:
                self._lots_due.discard(grant_id, lot.expires_at)

    def _end_hold(self, fact: facts.Charged | facts.Released | facts.HoldExpired) -> dict[str, int]:
        """Take the hold off every figure; what is left of it goes where the fact says."""
        if fact.expired:
            self.calendar.move(fact.period, -total(fact.expired))
        hold = self.holds.pop(fact.request_id, None)
        if hold is None:
            return {}
        self._holds_due.discard(fact.request_id, hold.expires_at)
        self.reserved -= hold.amount
        self.overdraft_held -= hold.overdraft
        for grant_id, part in hold.allocations:
            self.lots[grant_id].held -= part
        for grant_id, part in fact.returned:
            self._put(grant_id, part)
        self.debt -= total(fact.repaid)
        return dict(hold.allocations)


def _order(lot: Lot) -> tuple[int, datetime, bool, int]:
    return lot.order
