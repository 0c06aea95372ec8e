"""A statement as CSV, for an accountant's import.

`amount` is what a line does to the balance, so that opening + Σ amount = closing; `balance` is
what it comes to after the line. What is only disclosed stands under `memo`.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import orjson

from domain.money import format_amount, parse_amount
from domain.usage import METERED
from projections.csv_text import csv_line
from projections.lines import Line
from projections.statement.document import (
    CHARGES,
    CORRECTIONS,
    EXPIRIES,
    GRANTS,
    LATE,
    VOIDS,
    Document,
)

COLUMNS: Final = (
    "statement", "status", "month", "currency", "line", "type", "amount", "balance", "memo", "at",
    "transaction_id", "model", "api_key_id", "tags", "calls", *METERED, "request_id",
    "correction_id", "corrects", "grant_id", "category", "expires_at", "reference",
)  # fmt: skip
TYPES: Final = {
    GRANTS: "grant",
    CHARGES: "charge",
    CORRECTIONS: "correction",
    EXPIRIES: "expiry",
    VOIDS: "void",
}
OPENING, CLOSING, LATE_ITEM, ABSORBED, OPEN_HOLDS = (
    "opening", "closing", "late", "absorbed", "open_holds",
)  # fmt: skip

Cells = dict[str, Any]


def table(document: Document) -> Iterator[bytes]:
    """Write the lines, the opening balance before them, the closing one after, then the memos."""
    fields = document.fields()
    same = {
        "statement": fields["number"],
        "status": fields["status"],
        "month": fields["month"],
        "currency": fields["currency"],
    }
    numbers = count(1)
    yield csv_line(COLUMNS)
    for cells in _rows(document, fields):
        row = {**same, "line": next(numbers), **cells}
        yield csv_line(row.get(column) for column in COLUMNS)


def _rows(document: Document, fields: dict[str, Any]) -> Iterator[Cells]:
    balance = document.cover.opening
    yield {"type": OPENING, "balance": format_amount(balance)}
    for section, kind in TYPES.items():
        for line in document.sections[section]:
            balance += parse_amount(line["amount"])
            yield {**_cells(line), "type": kind, "balance": format_amount(balance)}
    yield {"type": CLOSING, "balance": fields["closing"], "calls": document.calls}
    for line in document.sections[LATE]:
        yield {**_cells(line), "type": LATE_ITEM, "amount": None, "memo": line["amount"]}
    yield {"type": ABSORBED, "memo": fields["absorbed"]}
    held = fields["open_holds"]
    yield {"type": OPEN_HOLDS, "memo": held["amount"], "calls": held["count"]}


def _cells(line: Line) -> Cells:
    cells: Cells = {**line, **line.get("tokens", {}), **line.get("tool_requests", {})}
    cells["tags"] = orjson.dumps(line["tags"]).decode() if line.get("tags") else None
    cells["at"] = line.get("at") or line.get("charged_at")
    return cells
