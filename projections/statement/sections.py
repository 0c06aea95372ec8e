"""The sections of a statement: for each, what is read and how a line of it is written."""

from collections.abc import Callable
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from domain import ids
from domain.calendar import Calendar
from domain.money import format_amount
from domain.usage import COUNTERS, INPUT_COMPONENTS, OUTPUT_COMPONENTS
from projections import lot_moves
from projections.lines import Line
from projections.statement import document as doc, queries
from projections.times import write_time, write_time_or_none

TOKENS: Final = (*INPUT_COMPONENTS, *OUTPUT_COMPONENTS)

Row = dict[str, Any]


class Section(NamedTuple):
    """How a section is made, and to which kinds of moves its lines must add up."""

    query: LiteralString
    line: Callable[[Row, Calendar], Line]
    kinds: tuple[str, ...]


def _charge(row: Row, _: Calendar) -> Line:
    return {
        "model": row["model"],
        "api_key_id": ids.public(ids.KEY, row["key_id"]),
        "tags": row["tags"],
        "calls": row["calls"],
        "tokens": {name: row[name] for name in TOKENS if row[name]},
        "tool_requests": {name: row[name] for name in COUNTERS if row[name]},
        "amount": format_amount(row["amount"]),
    }


def _late(row: Row, calendar: Calendar) -> Line:
    return {
        "request_id": ids.public(ids.REQUEST, row["request_id"]),
        "model": row["model"],
        "api_key_id": ids.public(ids.KEY, row["key_id"]),
        "held_in": calendar.month_of(row["created_at"]),
        "held_at": write_time(row["created_at"]),
        "charged_at": write_time(row["ended_at"]),
        "amount": format_amount(row["amount"]),
    }


def _correction(row: Row, _: Calendar) -> Line:
    return {
        **_entry(row),
        "correction_id": ids.public(ids.CORRECTION, row["correction_id"]),
        "request_id": ids.public(ids.REQUEST, row["request_id"]),
        "corrects": row["corrects"],
    }


def _grant(row: Row, _: Calendar) -> Line:
    return {
        **_entry(row),
        **_lot(row),
        "priority": row["priority"],
        "reference": row["reference"],
    }


def _void(row: Row, _: Calendar) -> Line:
    return {**_entry(row), **_lot(row)}


def _expiry(row: Row, _: Calendar) -> Line:
    return {**_lot(row), "amount": format_amount(row["amount"])}


def _entry(row: Row) -> Line:
    return {
        "transaction_id": f"txn_{row['position']:x}_{row['entry']}",
        "at": write_time(row["created_at"]),
        "amount": format_amount(row["amount"]),
    }


def _lot(row: Row) -> Line:
    grant_id: UUID = row["grant_id"]
    return {
        "grant_id": ids.public(ids.GRANT, grant_id),
        "category": row["category"],
        "expires_at": write_time_or_none(row["expires_at"]),
    }


READ: Final[dict[str, Section]] = {
    doc.GRANTS: Section(queries.RECHARGES, _grant, (lot_moves.GRANT,)),
    doc.CHARGES: Section(queries.CHARGES, _charge, (lot_moves.CHARGE,)),
    doc.CORRECTIONS: Section(
        queries.CORRECTIONS, _correction, (lot_moves.CORRECTION, lot_moves.PRIOR_CORRECTION)
    ),
    doc.EXPIRIES: Section(queries.EXPIRIES, _expiry, (lot_moves.EXPIRY,)),
    doc.VOIDS: Section(queries.VOIDS, _void, (lot_moves.VOID,)),
    doc.LATE: Section(queries.LATE, _late, ()),
}
