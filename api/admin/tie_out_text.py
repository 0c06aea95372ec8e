"""A tie-out as the operator reads it: amounts as decimal strings, theirs less ours."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from api.admin.fields import write_time
from domain import ids
from domain.money import Nanos, format_amount
from projections.tie_out.groups import Ours, Theirs
from projections.tie_out.match import Item, TieOut
from projections.tie_out.names import Renamed
from projections.tie_out.residuals import AMOUNT, Residual
from projections.tie_out.sides import Lost, Resolution
from projections.tie_out.states import STATES


def describe(found: TieOut, *, only_open: bool) -> dict[str, Any]:
    """Describe everything, or of the items only those that are not settled."""
    shown = [item for item in found.items if not (only_open and item.settled)]
    return {
        "settled": found.settled,
        "summary": _summary(found.items),
        "items": [describe_item(item) for item in shown],
        "models": [_describe_name(name) for name in found.models],
        "credentials": [_describe_name(name) for name in found.credentials],
        "unknown_calls": [_describe_lost(call) for call in found.lost],
    }


def describe_item(item: Item) -> dict[str, Any]:
    """Describe one key."""
    unit = item.unit
    return {
        "day": item.key.day,
        "model": item.key.model,
        "credential": item.key.credential,
        "state": item.state,
        "found": item.found,
        "compared": item.kinds,
        "unit": unit,
        "difference": _quantity(item.difference, unit),
        "disagrees": _disagreements(item),
        "ours": _describe_ours(item.ours),
        "theirs": _describe_theirs(item.theirs),
        "residuals": [_describe_residual(residual, unit) for residual in item.residuals],
        "candidates": [f"{ids.REQUEST}_{call.request_id}" for call in item.candidates],
        "resolution": _describe_resolution(item.resolution, outdated=item.outdated),
    }


def _summary(items: Iterable[Item]) -> dict[str, Any]:
    states = Counter(item.state for item in items)
    ours = sum(item.ours.cost for item in items)
    theirs = sum(item.theirs.amount or 0 for item in items)
    return {
        "states": {state: states[state] for state in STATES if states[state]},
        "our_cost": format_amount(ours),
        "their_amount": format_amount(theirs),
        "difference": format_amount(theirs - ours),
        "residuals": _residuals(items),
    }


def _residuals(items: Iterable[Item]) -> dict[str, str]:
    """Add up by reason what explains the amounts."""
    sums: Counter[str] = Counter()
    for item in items:
        if item.unit == AMOUNT:
            for residual in item.residuals:
                sums[residual.reason] += residual.quantity
    return {reason: format_amount(quantity) for reason, quantity in sorted(sums.items())}


def _disagreements(item: Item) -> list[str]:
    """Name the figures that were compared and do not agree."""
    usage = [name for name, agrees in item.verdicts.usage.items() if not agrees]
    return [*([AMOUNT] if item.verdicts.amount is False else []), *usage]


def _describe_ours(ours: Ours) -> dict[str, Any]:
    return {
        "cost": format_amount(ours.cost),
        "tokens": dict(ours.usage),
        "attempts": dict(sorted(ours.attempts.items())),
        "unpriced_attempts": ours.unpriced,
    }


def _describe_theirs(theirs: Theirs) -> dict[str, Any]:
    parts = {name: format_amount(part) for name, part in sorted(theirs.components.items()) if name}
    return {
        "amount": _money(theirs.amount),
        "tokens": None if theirs.usage is None else dict(theirs.usage),
        "requests": theirs.requests,
        "parts": parts,
        "lines": theirs.lines,
    }


def _describe_residual(residual: Residual, unit: str | None) -> dict[str, Any]:
    return {
        "reason": residual.reason,
        "quantity": _quantity(residual.quantity, unit),
        "evidence": residual.evidence,
    }


def _describe_resolution(resolution: Resolution | None, *, outdated: bool) -> dict[str, Any] | None:
    if resolution is None:
        return None
    return {
        "resolution_id": f"rsl_{resolution.resolution_id}",
        "reason": resolution.reason,
        "state": resolution.state,
        "actor": resolution.actor,
        "resolved_at": write_time(resolution.resolved_at),
        "outdated": outdated,
    }


def _describe_name(name: Renamed) -> dict[str, str]:
    return name._asdict()


def _describe_lost(call: Lost) -> dict[str, Any]:
    return {**call._asdict(), "request_id": f"{ids.REQUEST}_{call.request_id}"}


def _quantity(quantity: int | None, unit: str | None) -> str | int | None:
    """Write a difference: money as a decimal string, tokens as they are."""
    return _money(quantity) if unit == AMOUNT else quantity


def _money(nanos: Nanos | None) -> str | None:
    return None if nanos is None else format_amount(nanos)
