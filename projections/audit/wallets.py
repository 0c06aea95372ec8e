"""Wallets: conservation, no overselling, holds that end once, grants in their order (I1-I4, I8)."""

from collections.abc import Callable
from datetime import datetime

from domain import wallet_events as wallet
from projections.audit.account import (
    Account,
    AuditedHold,
    by_grant,
    first_of,
    minus,
    sum_of,
)
from projections.audit.findings import Findings, Judge, judge
from projections.events import Event, Fields


class WalletAudit:
    """Follows every wallet and judges each of its facts by what went before."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.accounts: dict[str, Account] = {}

    def take(self, event: Event) -> None:
        """Judge one event, if it is a wallet's, and follow it."""
        fact, check = event.fields, judge(self._findings, event)
        if event.topic == wallet.Opened.TOPIC:
            check(event.originator_id not in self.accounts, "holds", "the wallet is opened twice")
            self.accounts[event.originator_id] = Account(fact["currency"], fact["excess_policy"])
        elif rule := RULES.get(event.topic):
            account = self.accounts.get(event.originator_id)
            if account is None:
                check(False, "holds", "the wallet was never opened")
                return
            rule(account, fact, check)
            drift = account.posted - account.posted_by_lots
            check(drift == account.drift, "conservation", _CONSERVATION.format(drift))
            account.drift = drift
            check(account.debt >= 0, "conservation", f"the debt becomes {account.debt}")


_CONSERVATION = "posted by amounts and by lots differ by {}"


def _granted(account: Account, fact: Fields, check: Judge) -> None:
    amount, repaid, grant_id = fact["amount"], fact["repaid"], fact["grant_id"]
    check(amount > 0, "conservation", "a grant adds nothing")
    check(repaid == min(account.debt, amount), "conservation", "debt is not repaid first")
    check(grant_id not in account.lots, "grants", "the grant was made before")
    if grant_id not in account.lots:
        account.add_lot(grant_id, fact["category"], fact["priority"], _time(fact["expires_at"]))
    account.put(grant_id, amount - repaid)
    account.posted += amount
    account.debt -= repaid


def _reserved(account: Account, fact: Fields, check: Judge) -> None:
    amount, parts, request_id = fact["amount"], fact["allocations"], fact["request_id"]
    left = account.available - amount
    fits = amount >= 0 and (left >= -account.limit or not amount)
    check(fits, "oversold", f"the hold leaves {left}, and the limit is {-account.limit}")
    check(not account.frozen, "oversold", "the wallet is frozen")
    check(request_id not in account.holds, "holds", "the request holds already")
    check(sum_of(parts) + fact["overdraft"] == amount, "allocations", "parts and hold differ")
    ordered = by_grant(parts) == account.in_order(amount)
    check(ordered, "grants", "the hold does not take grants in their order")
    for grant_id, part in parts:
        check(account.put(grant_id, -part), "grants", f"grant {grant_id} has no {part} left")
        account.hold(grant_id, part)
    account.reserved += amount
    account.overdraft_held += fact["overdraft"]
    account.holds[request_id] = AuditedHold(
        fact["key_id"], amount, parts, fact["overdraft"], fact["expires_at"]
    )


def _charged(account: Account, fact: Fields, check: Judge) -> None:
    amount, absorbed, overdraft = fact["amount"], fact["absorbed"], fact["overdraft"]
    hold = _end_hold(account, fact, check)
    covered = first_of(hold.parts, amount + absorbed) if hold else {}
    extra = minus(by_grant(fact["allocations"]), covered)
    check(min(amount, absorbed, overdraft) >= 0, "charge", "a figure is below zero")
    whole = sum_of(fact["allocations"]) + overdraft == amount
    check(whole, "allocations", "parts, overdraft and charge differ")
    ordered = extra == account.in_order(sum(extra.values()))
    check(ordered, "grants", "the charge does not take grants in their order")
    for grant_id, part in extra.items():
        check(account.put(grant_id, -part), "grants", f"grant {grant_id} has no {part} left")
    exhausted = not (overdraft or absorbed) or account.credit <= 0
    check(exhausted, "charge", "credit was left, and yet something was owed or absorbed")
    room = _overdraft_room(account, hold)
    check(room is None or overdraft <= room, "oversold", "the overdraft goes beyond its limit")
    account.debt += overdraft
    account.posted -= amount
    _give_back(account, fact, check, minus(by_grant(hold.parts), covered) if hold else {})


def _released(account: Account, fact: Fields, check: Judge) -> None:
    hold = _end_hold(account, fact, check)
    check(hold is not None, "holds", "there is no open hold to end")
    _give_back(account, fact, check, by_grant(hold.parts) if hold else {})


def _hold_expired(account: Account, fact: Fields, check: Judge) -> None:
    hold = account.holds.get(fact["request_id"])
    if hold is not None:
        due = datetime.fromisoformat(hold.expires_at) <= _now(fact)
        check(due, "time", f"the hold expires before {hold.expires_at}")
    _released(account, fact, check)


def _end_hold(account: Account, fact: Fields, check: Judge) -> AuditedHold | None:
    hold = account.holds.pop(fact["request_id"], None)
    held = hold.amount if hold else 0
    check(fact["held"] == held, "holds", f"it says {fact['held']} was held, and {held} was")
    if hold is None:
        return None
    check(fact["key_id"] == hold.key_id, "holds", "another key made the hold")
    account.reserved -= hold.amount
    account.overdraft_held -= hold.overdraft
    for grant_id, part in hold.parts:
        account.hold(grant_id, -part)
    return hold


def _give_back(account: Account, fact: Fields, check: Judge, left: dict[str, int]) -> None:
    """Judge and follow where the unused part of a hold goes."""
    returned, expired, repaid = fact["returned"], fact["expired"], fact["repaid"]
    whole = by_grant(returned, expired, repaid) == left
    check(whole, "allocations", "what comes back is not what the hold had left")
    first = sum_of(repaid) == min(account.debt, sum_of(repaid, returned))
    check(first, "conservation", "debt is not repaid first")
    for grant_id, part in returned:
        account.put(grant_id, part)
    _run_out(account, fact, check)
    account.debt -= sum_of(repaid)


def _run_out(account: Account, fact: Fields, check: Judge) -> None:
    now = _now(fact)
    for grant_id, part in fact["expired"]:
        check(account.ran_out(grant_id, now), "time", f"grant {grant_id} has not run out")
        account.posted -= part


def _grant_expired(account: Account, fact: Fields, check: Judge) -> None:
    grant_id = fact["grant_id"]
    check(account.ran_out(grant_id, _now(fact)), "time", f"grant {grant_id} has not run out")
    left = _left(account, grant_id)
    check(fact["amount"] == left, "grants", f"{left} of grant {grant_id} was left, and all goes")
    _grant_voided(account, fact, check)


def _grant_voided(account: Account, fact: Fields, check: Judge) -> None:
    grant_id, amount = fact["grant_id"], fact["amount"]
    left = _left(account, grant_id)
    fits = 0 < amount <= left
    check(fits, "grants", f"{amount} of grant {grant_id} goes, and {left} was left")
    account.put(grant_id, -amount)
    account.posted -= amount


def _left(account: Account, grant_id: str) -> int:
    lot = account.lots.get(grant_id)
    return lot.available if lot else 0


def _corrected(account: Account, fact: Fields, check: Judge) -> None:
    amount, parts, correction_id = fact["amount"], fact["allocations"], fact["correction_id"]
    if amount > 0:
        whole = sum_of(parts, fact["expired"]) + fact["repaid"] == amount
        repaid = min(account.debt, amount)
    else:
        whole = sum_of(parts) + fact["overdraft"] == -amount
        repaid = 0
        ordered = by_grant(parts) == account.in_order(-amount)
        check(ordered, "grants", "the correction does not take grants in their order")
    check(whole, "allocations", "parts and correction differ")
    check(fact["repaid"] == repaid, "conservation", "debt is not repaid first")
    for grant_id, part in parts:
        if grant_id == correction_id and grant_id not in account.lots:
            account.add_lot(grant_id, "paid", 0, None)
        done = account.put(grant_id, part if amount > 0 else -part)
        check(done, "grants", f"grant {grant_id} cannot be corrected by {part}")
    account.posted += amount
    account.debt += fact["overdraft"] - fact["repaid"]
    _run_out(account, fact, check)


def _limit_changed(account: Account, fact: Fields, check: Judge) -> None:
    account.limit = fact["limit"]


def _policy_changed(account: Account, fact: Fields, check: Judge) -> None:
    account.policy = fact["policy"]


def _frozen(account: Account, fact: Fields, check: Judge) -> None:
    account.frozen = True


def _unfrozen(account: Account, fact: Fields, check: Judge) -> None:
    account.frozen = False


def _overdraft_room(account: Account, hold: AuditedHold | None) -> int | None:
    """How much of a charge may become debt; None is any amount. The hold has ended already."""
    if account.policy == "debt":
        return None
    own = hold.overdraft if hold else 0
    return max(own, account.limit - account.debt - account.overdraft_held)


def _now(fact: Fields) -> datetime:
    return datetime.fromisoformat(fact["timestamp"])


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None


RULES: dict[str, Callable[[Account, Fields, Judge], None]] = {
    wallet.Granted.TOPIC: _granted,
    wallet.Reserved.TOPIC: _reserved,
    wallet.Charged.TOPIC: _charged,
    wallet.Released.TOPIC: _released,
    wallet.HoldExpired.TOPIC: _hold_expired,
    wallet.GrantExpired.TOPIC: _grant_expired,
    wallet.GrantVoided.TOPIC: _grant_voided,
    wallet.Corrected.TOPIC: _corrected,
    wallet.OverdraftLimitChanged.TOPIC: _limit_changed,
    wallet.ExcessPolicyChanged.TOPIC: _policy_changed,
    wallet.Frozen.TOPIC: _frozen,
    wallet.Unfrozen.TOPIC: _unfrozen,
}
