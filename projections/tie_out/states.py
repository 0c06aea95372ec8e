"""What comes of a key: the states of a matching engine (ledger-practice §4.1)."""

from collections import Counter
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from domain.supplier_report import COST, USAGE
from projections.tie_out.groups import Ours, Theirs
from projections.tie_out.sides import CLASSES, Tolerance

EXPECTED = "EXPECTED"
"""No report speaks for the day yet."""
MATCHED = "MATCHED"
"""Every figure that is reported agrees, or neither side has anything to bill."""
PARTIALLY_MATCHED = "PARTIALLY_MATCHED"
"""Some reported figures agree, and the amount is not among those that do not."""
AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
"""The amount differs; or no amount is reported, and no class of tokens agrees."""
STATUS_MISMATCH = "STATUS_MISMATCH"
"""They bill for attempts of which not one has an answer in our books."""
MISSING_INTERNAL = "MISSING_INTERNAL"
"""They bill, and our books have no attempt."""
MISSING_EXTERNAL = "MISSING_EXTERNAL"
"""Our books have calls, and their report of that day has no line."""
MANUALLY_RESOLVED = "MANUALLY_RESOLVED"
"""An operator accepted these very figures."""

STATES: Final = (
    EXPECTED, MATCHED, PARTIALLY_MATCHED, AMOUNT_MISMATCH, STATUS_MISMATCH, MISSING_INTERNAL,
    MISSING_EXTERNAL, MANUALLY_RESOLVED,
)  # fmt: skip
SETTLED: Final = frozenset({MATCHED, MANUALLY_RESOLVED})


class Verdicts(NamedTuple):
    """Which reported figures agree; None where there is nothing to compare."""

    amount: bool | None
    usage: dict[str, bool]


def judge(
    ours: Ours, theirs: Theirs | None, kinds: AbstractSet[str], tolerance: Tolerance
) -> tuple[str, Verdicts]:
    """Decide the state of a key from what both sides have."""
    if not kinds:
        return EXPECTED, Verdicts(None, {})
    verdicts = compare(ours, theirs or Theirs(), kinds, tolerance)
    if theirs is None:
        return MISSING_EXTERNAL if ours.billable else MATCHED, verdicts
    if not theirs.amount and not theirs.tokens and not ours.billable:
        return MATCHED, verdicts
    if not ours.attempts.total():
        return MISSING_INTERNAL, verdicts
    if not ours.answered:
        return STATUS_MISMATCH, verdicts
    return _of_figures(verdicts, priced=not ours.unpriced), verdicts


def compare(ours: Ours, theirs: Theirs, kinds: AbstractSet[str], tolerance: Tolerance) -> Verdicts:
    """Compare figure by figure; what a report of the day leaves out is nothing."""
    amount = None
    if COST in kinds:
        one, other = ours.cost, theirs.amount or 0
        amount = one == other if ours.unpriced else tolerance.amounts(one, other)
    usage: dict[str, bool] = {}
    if USAGE in kinds:
        told = theirs.usage or Counter[str]()
        for name in CLASSES:
            one, other = ours.usage[name], told[name]
            if one or other:
                usage[name] = tolerance.tokens(one, other)
    return Verdicts(amount, usage)


def _of_figures(verdicts: Verdicts, *, priced: bool) -> str:
    """Weigh the verdicts; an amount that could not be compared spoils only a full match."""
    agreed = [*verdicts.usage.values()]
    if verdicts.amount is False and (priced or not any(agreed)):
        return AMOUNT_MISMATCH
    if verdicts.amount is not None:
        agreed.append(verdicts.amount)
    if all(agreed):
        return MATCHED
    return PARTIALLY_MATCHED if any(agreed) else AMOUNT_MISMATCH
