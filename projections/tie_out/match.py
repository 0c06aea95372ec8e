"""Matching: every key of either side once, with its state and what may explain its difference."""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from domain.supplier_report import COST, USAGE
from projections.tie_out.groups import Ours, Theirs, group_ours, group_theirs
from projections.tie_out.names import Names, Renamed, match_credentials, match_models
from projections.tie_out.residuals import AMOUNT, TOKENS, Case, Residual, classify
from projections.tie_out.sides import Key, Lost, Reported, Resolution, Sides, Terms
from projections.tie_out.states import (
    EXPECTED,
    MANUALLY_RESOLVED,
    SETTLED,
    Verdicts,
    judge,
)


@dataclass(frozen=True, slots=True)
class Item:
    """One key: what both sides have, how they compare, and why they may differ."""

    key: Key
    state: str
    found: str
    """The state before an operator's resolution."""
    ours: Ours
    theirs: Theirs
    kinds: tuple[str, ...]
    verdicts: Verdicts
    unit: str | None
    difference: int | None
    """Theirs less ours, in nanos or in tokens; None while nothing is reported."""
    residuals: tuple[Residual, ...]
    candidates: tuple[Lost, ...]
    resolution: Resolution | None
    outdated: bool
    """Whether it was resolved with other figures than these."""

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in SETTLED


@dataclass(frozen=True, slots=True)
class TieOut:
    """All items in the order of their keys, and the names that were matched."""

    items: tuple[Item, ...]
    models: tuple[Renamed, ...]
    credentials: tuple[Renamed, ...]
    lost: tuple[Lost, ...]
    """Every call of unknown outcome that may have gone to this provider."""

    @property
    def settled(self) -> bool:
        """Whether every item is."""
        return all(item.settled for item in self.items)


class _Context(NamedTuple):
    sides: Sides
    terms: Terms
    ours: Mapping[Key, Ours]
    models: Names


def tie_out(sides: Sides, terms: Terms) -> TieOut:
    """Match both sides; the same rows give the same result, in whatever order they come."""
    models = match_models(
        {row.model for row in sides.metered} | _known(terms),
        {line.model for line in sides.reported},
        terms.models,
    )
    credentials = match_credentials(
        {row.credential for row in sides.metered} | {sides.provider},
        _credentials(sides.reported),
        terms.credentials,
    )
    ours = group_ours(sides.metered, models)
    theirs = group_theirs(sides.reported, models, credentials)
    context = _Context(sides, terms, ours, models)
    keys = {key for key in ours if key.day >= sides.since} | theirs.keys()
    items = tuple(_item(key, theirs.get(key), context) for key in sorted(keys))
    return TieOut(items, models.listed, credentials.listed, tuple(sorted(sides.lost)))


def _item(key: Key, theirs: Theirs | None, context: _Context) -> Item:
    sides, terms = context.sides, context.terms
    ours = context.ours.get(key, Ours())
    kinds = sides.covered.get(key.day, frozenset())
    state, verdicts = judge(ours, theirs, kinds, terms.tolerance)
    lost = _candidates(key, context) if state not in SETTLED else ()
    case = _case(key, theirs, verdicts, len(lost), context)
    theirs = theirs or Theirs()
    resolution = sides.resolutions.get(key)
    same = resolution is not None and _accepts(resolution, ours, theirs)
    reported = state != EXPECTED
    return Item(
        key=key,
        state=MANUALLY_RESOLVED if same and state not in SETTLED else state,
        found=state,
        ours=ours,
        theirs=theirs,
        kinds=tuple(sorted(kinds)),
        verdicts=verdicts,
        unit=case.unit if reported else None,
        difference=case.difference if reported else None,
        residuals=tuple(classify(case)) if reported else (),
        candidates=lost,
        resolution=resolution,
        outdated=resolution is not None and not same,
    )


def _case(
    key: Key, theirs: Theirs | None, verdicts: Verdicts, lost: int, context: _Context
) -> Case:
    sides, terms = context.sides, context.terms
    yesterday = (date.fromisoformat(key.day) - timedelta(days=1)).isoformat()
    before = context.ours.get(key._replace(day=yesterday))
    return Case(
        key=key,
        unit=AMOUNT if COST in sides.covered.get(key.day, frozenset()) else TOKENS,
        ours=context.ours.get(key, Ours()),
        theirs=theirs or Theirs(),
        verdicts=verdicts,
        tolerance=terms.tolerance,
        arriving=before.crossed if before else None,
        partial=key.day in sides.partial,
        lost=lost,
        undiscounted=key.model in terms.undiscounted,
    )


def _candidates(key: Key, context: _Context) -> tuple[Lost, ...]:
    """List the lost calls of the day that may have gone to this model, by the catalogue."""
    routes, ours = context.terms.routes, context.models.ours
    found = [
        call
        for call in context.sides.lost
        if call.day == key.day
        and key.model in {ours.get(name, name) for name in routes.get(call.model, frozenset())}
    ]
    return tuple(sorted(found))


def _accepts(resolution: Resolution, ours: Ours, theirs: Theirs) -> bool:
    accepted = (dict(resolution.ours), dict(resolution.theirs))
    return accepted == (ours.figures(), theirs.figures())


def _known(terms: Terms) -> AbstractSet[str]:
    """Name every upstream model that the catalogue leads to."""
    return frozenset[str]().union(*terms.routes.values())


def _credentials(lines: Sequence[Reported]) -> dict[str, set[str]]:
    """Name the credentials that each kind of report tells."""
    return {
        USAGE: {line.credential for line in lines if line.amount is None or line.usage},
        COST: {line.credential for line in lines if line.amount is not None},
    }
