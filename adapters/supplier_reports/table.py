"""A supplier's figures as plain CSV, for every invoice that has no format of its own.

day, model and credential, then tokens, money or both; `input_tokens` are those that were neither
cached nor written to a cache. Every cell of a column that is there must be filled, but credential.
"""

import csv
import io
from collections.abc import Iterator
from typing import Final

from adapters.supplier_reports import found as checks
from adapters.supplier_reports.exact_json import WHOLE
from adapters.supplier_reports.found import Found
from domain.supplier_report import InvalidReportError

TOKENS: Final = {
    "input_tokens": "input",
    "cached_input_tokens": "cached_input",
    "cache_write_tokens": "cache_write",
    "output_tokens": "output",
}
REQUIRED: Final = ("day", "model")
MONEY: Final = ("amount", "currency")
COLUMNS: Final = (*REQUIRED, "credential", "requests", *TOKENS, *MONEY)
DIGITS_MAX: Final = 16


def read_table(text: str) -> Iterator[Found]:
    """Read every line, or raise InvalidReportError with its number and column."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(rows, list[str]())]
        _check_header(header)
        for cells in rows:
            where = f"line {rows.line_num}"
            if not cells:
                continue
            if len(cells) != len(header):
                raise InvalidReportError(where, f"has {len(cells)} cells and not {len(header)}")
            yield _line(where, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise InvalidReportError(f"line {rows.line_num}", f"is not valid CSV: {error}") from None


def _check_header(header: list[str]) -> None:
    for name in header:
        if name not in COLUMNS:
            problem = f"{name[:40]!r} is no column here; they are {', '.join(COLUMNS)}"
            raise InvalidReportError("line 1", problem)
        if header.count(name) > 1:
            raise InvalidReportError("line 1", f"the column {name} is there twice")
    for name in REQUIRED:
        if name not in header:
            raise InvalidReportError("line 1", f"the column {name} is missing")
    if ("amount" in header) != ("currency" in header):
        raise InvalidReportError("line 1", "amount and currency come together")
    if "amount" not in header and not TOKENS.keys() & header:
        raise InvalidReportError(WHOLE, "has neither tokens nor amounts")


def _line(where: str, cells: dict[str, str]) -> Found:
    usage = {
        ours: _count(where, theirs, cells[theirs])
        for theirs, ours in TOKENS.items()
        if theirs in cells
    }
    money = "amount" in cells
    given = cells.get("credential", "")
    return Found(
        where,
        checks.day(f"{where}, day", cells["day"]),
        checks.identifier(f"{where}, model", cells["model"]),
        checks.credential(f"{where}, credential", given) if given else "",
        usage=usage or None,
        requests=_count(where, "requests", cells["requests"]) if "requests" in cells else None,
        amount=checks.amount(f"{where}, amount", cells["amount"]) if money else None,
        currency=checks.currency(f"{where}, currency", cells["currency"]) if money else None,
    )


def _count(where: str, column: str, text: str) -> int:
    readable = text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX
    return checks.count(f"{where}, {column}", int(text) if readable else None)
