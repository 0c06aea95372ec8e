"""Rows of both sides, as short as a test can say them."""

from datetime import UTC, datetime
from typing import Any

from domain.supplier_report import COST, USAGE
from projections.tie_out.match import Item, TieOut, tie_out
from projections.tie_out.sides import Lost, Metered, Reported, Resolution, Sides, Terms

DAY, BEFORE, NEXT, END = "2026-11-02", "2026-11-01", "2026-11-03", "2026-11-04"
BOTH = frozenset({USAGE, COST})
CENT = 10_000_000
DOLLAR = 100 * CENT


def ours(cost: int = 0, usage: dict[str, int] | None = None, **changes: Any) -> Metered:
    fields: dict[str, Any] = {
        "day": DAY,
        "model": "m",
        "credential": "p",
        "outcome": "ok",
        "priced": True,
        "crossed": False,
        "attempts": 1,
        "cost": cost,
        "usage": usage or {},
    }
    return Metered(**fields | changes)


def theirs(
    amount: int | None = None, usage: dict[str, int] | None = None, number: int = 1, **changes: Any
) -> Reported:
    fields: dict[str, Any] = {
        "report_id": "r",
        "number": number,
        "day": DAY,
        "model": "m",
        "credential": "",
        "component": "",
        "usage": usage,
        "requests": None,
        "amount": amount,
    }
    return Reported(**fields | changes)


def lost(request_id: str = "1", day: str = DAY, model: str = "ours") -> Lost:
    return Lost(request_id, day, model, 100, 200)


def sides(*rows: Metered | Reported, **changes: Any) -> Sides:
    """Both sides of two days, which reports of both kinds cover."""
    fields: dict[str, Any] = {
        "provider": "p",
        "since": DAY,
        "until": END,
        "metered": [row for row in rows if isinstance(row, Metered)],
        "reported": [row for row in rows if isinstance(row, Reported)],
        "covered": {DAY: BOTH, NEXT: BOTH},
    }
    return Sides(**fields | changes)


def matched(*rows: Metered | Reported, terms: Terms | None = None, **changes: Any) -> TieOut:
    return tie_out(sides(*rows, **changes), terms or Terms())


def only(*rows: Metered | Reported, terms: Terms | None = None, **changes: Any) -> Item:
    """The one item that these rows make."""
    (item,) = matched(*rows, terms=terms, **changes).items
    return item


def resolution(item: Item, **changes: Any) -> Resolution:
    made = Resolution(
        "7", item.found, "accepted", item.ours.figures(), item.theirs.figures(), "operator",
        datetime(2026, 11, 20, tzinfo=UTC),
    )  # fmt: skip
    return made._replace(**changes)
