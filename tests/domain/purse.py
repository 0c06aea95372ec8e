"""A wallet in the hand: told its time, with short words for what is done to it most."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.grants import Allocation
from domain.moment import Moment, moment
from domain.wallet import Wallet
from domain.wallet_events import Charged
from tests.fakes import facts_of

T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
LONG = timedelta(hours=1)


def opened(*, limit: int = 0, policy: str = "absorbed", **grants: int) -> Wallet:
    """A wallet with paid grants that never end, by name."""
    wallet = Wallet.open(at(0), UUID(int=1), customer_id="c", currency="USD")
    if limit:
        wallet.change_overdraft_limit(at(0), limit=limit, actor="operator")
    wallet.change_excess_policy(at(0), policy=policy, actor="operator")
    for name, amount in grants.items():
        grant(wallet, name, amount)
    return wallet


def at(second: int, horizon: int | None = None) -> Moment:
    """A moment some seconds after the start; its horizon may lag."""
    if horizon is None:
        return moment(clock(second))
    return Moment(clock(second), clock(horizon))


def clock(second: int) -> datetime:
    return T0 + timedelta(seconds=second)


def grant(wallet: Wallet, name: str, amount: int, **changes: Any) -> None:
    fields = {"category": "paid", "actor": "operator", **changes}
    wallet.grant(at(0), grant_id=name, amount=amount, **fields)


def reserve(
    wallet: Wallet,
    name: str,
    amount: int,
    *,
    when: Moment | None = None,
    ends: datetime | None = None,
) -> None:
    when = when or at(0)
    wallet.reserve(
        when, request_id=name, key_id="k", amount=amount, expires_at=ends or when.now + LONG
    )


def charge(wallet: Wallet, name: str, rated: int, *, when: Moment | None = None) -> Charged:
    return wallet.charge(when or at(0), request_id=name, key_id="k", rated=rated)


def release(wallet: Wallet, name: str, *, when: Moment | None = None) -> None:
    wallet.release(when or at(0), request_id=name, reason="upstream_error")


def correct(wallet: Wallet, amount: int, drawn: Allocation, *, when: Moment | None = None) -> Any:
    """Correct a charge and give the fact."""
    wallet.correct(
        when or at(0),
        correction_id="x",
        request_id="r",
        amount=amount,
        drawn=drawn,
        corrects="2026-11",
        batch_id=None,
        actor="operator",
    )
    return wallet.pending_events[-1]


def left(wallet: Wallet) -> dict[str, int]:
    """What every grant has available."""
    return {name: lot.available for name, lot in wallet.lots.items()}


def facts(wallet: Wallet, kind: Any) -> list[Any]:
    return facts_of(kind, list(wallet.pending_events))
