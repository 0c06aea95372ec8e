"""What each fact of a wallet does to its lots and to its debt, as signed moves of what is posted.

Σ moves on lots and on debt = posted = Σ (remaining + held) of lots - debt

What a charge came to beyond all funds and the operator bore is told beside, as absorbed.
"""

from collections.abc import Callable
from typing import Final

from domain import wallet_events as wallet
from domain.grants import Allocation
from domain.money import Nanos
from projections.events import Fields

GRANT, CHARGE, EXPIRY, VOID, REPAYMENT = "grant", "charge", "expiry", "void", "repayment"
CORRECTION, PRIOR_CORRECTION = "correction", "prior_correction"
"""A correction of a charge of the same month, or of an earlier one."""

KINDS: Final[tuple[str, ...]] = (
    GRANT,
    CHARGE,
    CORRECTION,
    PRIOR_CORRECTION,
    EXPIRY,
    VOID,
    REPAYMENT,
)

DEBT, ABSORBED = "debt", "absorbed"
"""In the place of a lot: what the wallet owes, which is below zero, and what nobody owes."""
NO_LOTS: Final = frozenset({DEBT, ABSORBED})

Move = tuple[str, str, Nanos]
"""A kind, the lot or what stands in its place, and the change."""


def _granted(fact: Fields) -> list[Move]:
    moves: list[Move] = [(GRANT, fact["grant_id"], fact["amount"])]
    if fact["repaid"]:
        moves += _repaid([(fact["grant_id"], fact["repaid"])])
    return moves


def _charged(fact: Fields) -> list[Move]:
    moves: list[Move] = [(CHARGE, lot, -part) for lot, part in fact["allocations"]]
    if fact["overdraft"]:
        moves.append((CHARGE, DEBT, -fact["overdraft"]))
    if fact["absorbed"]:
        moves.append((CHARGE, ABSORBED, -fact["absorbed"]))
    return moves + _ended(fact) if fact["expired"] or fact["repaid"] else moves


def _ended(fact: Fields) -> list[Move]:
    return _expired(fact["expired"]) + _repaid(fact["repaid"])


def _grant_expired(fact: Fields) -> list[Move]:
    return _expired([(fact["grant_id"], fact["amount"])])


def _grant_voided(fact: Fields) -> list[Move]:
    return [(VOID, fact["grant_id"], -fact["amount"])]


def _corrected(fact: Fields) -> list[Move]:
    kind = CORRECTION if fact["corrects"] == fact["period"] else PRIOR_CORRECTION
    sign = 1 if fact["amount"] > 0 else -1
    parts: Allocation = fact["allocations"] + fact["expired"]
    moves: list[Move] = [(kind, lot, sign * part) for lot, part in parts]
    if owed := fact["repaid"] - fact["overdraft"]:
        moves.append((kind, DEBT, owed))
    return moves + _expired(fact["expired"])


def _expired(parts: Allocation) -> list[Move]:
    return [(EXPIRY, lot, -part) for lot, part in parts]


def _repaid(parts: Allocation) -> list[Move]:
    moves: list[Move] = [(REPAYMENT, lot, -part) for lot, part in parts]
    return [*moves, (REPAYMENT, DEBT, sum(part for _, part in parts))] if parts else []


MOVES: dict[str, Callable[[Fields], list[Move]]] = {
    wallet.Granted.TOPIC: _granted,
    wallet.Charged.TOPIC: _charged,
    wallet.Released.TOPIC: _ended,
    wallet.HoldExpired.TOPIC: _ended,
    wallet.GrantExpired.TOPIC: _grant_expired,
    wallet.GrantVoided.TOPIC: _grant_voided,
    wallet.Corrected.TOPIC: _corrected,
}
