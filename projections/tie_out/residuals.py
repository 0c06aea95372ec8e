"""What may explain a difference: reasons in order, each with its part and the figures behind it.

The parts of a difference always add up to it. Nobody can prove a reason from sums; a part is what
the books allow the reason to explain at most, and what is left is called unknown.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.metered_call import QUARANTINED
from domain.supplier_report import ITEM
from projections.supplier_calls import NO_ATTEMPT
from projections.tie_out.groups import Ours, Theirs
from projections.tie_out.sides import CACHED, INPUT, WRITTEN, Key, Tolerance
from projections.tie_out.states import Verdicts

AMOUNT, TOKENS = "amount", "tokens"

OTHER_CHARGES, UNPRICED, TIMING, DISCOUNT = (
    "other_charges", "unpriced_model", "timing", "cached_token_discount",
)  # fmt: skip
PRICE, CUT, RETRIES, ROUNDING, UNKNOWN = (
    "price_version", "cancelled_streams", "retries", "rounding", "unknown",
)  # fmt: skip

CUT_SHORT: Final = frozenset({"broken", "abandoned", "timeout", "connection_lost", QUARANTINED})
"""Outcomes after which the supplier may have worked on, or counted more than reached us."""
UNBILLED: Final = frozenset({"ok", "not_sent", NO_ATTEMPT})
"""Outcomes that are counted in full, or of which nothing can be billed."""


class Residual(NamedTuple):
    """One reason: how much of the difference it may explain, and the figures it rests on."""

    reason: str
    quantity: int
    evidence: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Case:
    """One key with all that may explain its difference, in nanos or, without amounts, in tokens."""

    key: Key
    unit: str
    ours: Ours
    theirs: Theirs
    verdicts: Verdicts
    tolerance: Tolerance
    arriving: Ours | None = None
    """What began on the day before and ended on this one."""
    partial: bool = False
    lost: int = 0
    undiscounted: bool = False

    @property
    def difference(self) -> int:
        """Theirs less ours."""
        theirs = self.theirs.amount or 0 if self.unit == AMOUNT else self.theirs.tokens
        return theirs - self.figure(self.ours)

    def figure(self, side: Ours | None) -> int:
        """Give a figure of ours in the case's unit."""
        if side is None:
            return 0
        return side.cost if self.unit == AMOUNT else side.tokens

    @property
    def close(self) -> bool:
        """Whether the difference is within the tolerance."""
        mine, other = self.figure(self.ours), self.figure(self.ours) + self.difference
        agree = self.tolerance.amounts if self.unit == AMOUNT else self.tolerance.tokens
        return agree(mine, other)

    @property
    def usage_agrees(self) -> bool:
        """Whether every class of tokens was compared and is the same."""
        return bool(self.verdicts.usage) and all(self.verdicts.usage.values())

    def allowance(self, attempts: int) -> int:
        """Give what so many attempts may come to: as much as that many answered ones, on average.

        Without an answered one there is no average, and nothing else to explain it by.
        """
        if not self.ours.answered:
            return abs(self.difference) if attempts else 0
        return attempts * -(-self.figure(self.ours) // self.ours.answered)


def classify(case: Case) -> list[Residual]:
    """Take the difference apart."""
    left = case.difference
    if case.close and not case.ours.unpriced:
        shifted = [] if case.usage_agrees else _found(_discount(case, left))
        return shifted or ([Residual(ROUNDING, left, {})] if left else [])
    found: list[Residual] = []
    for rule in RULES:
        for part in _found(rule(case, left)):
            found.append(part)
            left -= part.quantity
    if left:
        found.append(_rest(case, left))
    return found


def _found(part: Residual | None) -> list[Residual]:
    return [] if part is None else [part]


def _other_charges(case: Case, left: int) -> Residual | None:
    """Set fees apart that are no model's."""
    is_fee = case.key.model.startswith(ITEM) and left
    return Residual(OTHER_CHARGES, left, {"lines": len(case.theirs.lines)}) if is_fee else None


def _unpriced(case: Case, left: int) -> Residual | None:
    """Blame attempts without a cost card: whatever they cost is not in our figure."""
    if case.unit != AMOUNT or not case.ours.unpriced or left <= 0:
        return None
    return Residual(UNPRICED, left, {"attempts": case.ours.unpriced, "tokens": case.ours.tokens})


def _timing(case: Case, left: int) -> Residual | None:
    """Blame calls over midnight, which the supplier may count on their other day."""
    side = case.ours.crossed if left < 0 else case.arriving
    if case.partial and left < 0:
        return Residual(TIMING, left, {"partial_day": 1})
    most = case.figure(side)
    if not left or not most or side is None:
        return None
    part = min(abs(left), most)
    evidence = {"attempts": side.attempts.total(), "most": most}
    return Residual(TIMING, part if left > 0 else -part, evidence)


def _discount(case: Case, left: int) -> Residual | None:
    """Blame cached tokens: counted on one side only, or without a price of their own in ours."""
    ours, theirs = case.ours.usage, case.theirs.usage or Counter[str]()
    inputs = (INPUT, CACHED, WRITTEN)
    whole = [sum(side.get(name, 0) for name in inputs) for side in (ours, theirs)]
    moved = theirs.get(CACHED, 0) - ours[CACHED]
    shifted = case.verdicts.usage.get(CACHED) is False and case.tolerance.tokens(*whole)
    undiscounted = case.undiscounted and case.usage_agrees and bool(ours[CACHED]) and left < 0
    # More of it cached makes theirs the smaller bill, and less of it the larger one.
    if undiscounted or (shifted and left * moved <= 0):
        return Residual(DISCOUNT, left, {"cached_ours": ours[CACHED], "moved": moved})
    return None


def _price(case: Case, left: int) -> Residual | None:
    """Blame the price, where the tokens are the same."""
    if case.unit != AMOUNT or not case.usage_agrees or not left or not case.ours.cost:
        return None
    ratio = 10_000 * (case.theirs.amount or 0) // case.ours.cost
    return Residual(PRICE, left, {"ratio_basis_points": ratio})


def _cut(case: Case, left: int) -> Residual | None:
    """Blame streams that were cut, attempts that were given up, and calls of unknown outcome."""
    attempts = sum(case.ours.attempts[outcome] for outcome in CUT_SHORT)
    part = min(left, case.allowance(attempts + case.lost))
    if part <= 0:
        return None
    return Residual(CUT, part, {"attempts": attempts, "unknown_calls": case.lost})


def _retries(case: Case, left: int) -> Residual | None:
    """Blame attempts that failed before another one answered."""
    attempts = sum(
        number
        for outcome, number in case.ours.attempts.items()
        if outcome not in CUT_SHORT | UNBILLED
    )
    part = min(left, case.allowance(attempts))
    return Residual(RETRIES, part, {"attempts": attempts}) if part > 0 else None


def _rest(case: Case, left: int) -> Residual:
    """Name what no reason explains: too little to matter, or unknown."""
    little = Tolerance(case.tolerance.absolute if case.unit == AMOUNT else 0, 0).amounts(left, 0)
    return Residual(ROUNDING if little else UNKNOWN, left, {})


RULES: Final[Sequence[Callable[[Case, int], Residual | None]]] = (
    _other_charges, _unpriced, _timing, _discount, _price, _cut, _retries,
)  # fmt: skip
