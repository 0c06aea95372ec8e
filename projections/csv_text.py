"""CSV that is safe to open: RFC 4180 lines, and no text that a spreadsheet would run."""

import re
from collections.abc import Iterable
from typing import Final

_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
# A spreadsheet that splits at semicolons sees new cells inside of ours, quoted or not.
# It reads the signs in their full width too: the last four.
_FORMULA: Final = re.compile(r"(^|[;\t\r\n])(?=[\s\x00-\x1f\ufeff]*[-=+@\uff0d\uff1d\uff0b\uff20])")
_QUOTED: Final = re.compile('[",\r\n]')
_PLAIN: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?|[\w.:/][\w.:/ +=@-]*", re.ASCII)
"""What is neither run nor quoted, and most of what there is."""


def safe_text(value: str) -> str:
    """Put an apostrophe before what would be run as a formula; plain numbers stay as they are."""
    return value if _NUMBER.fullmatch(value) else _FORMULA.sub(r"\1'", value)


def csv_line(cells: Iterable[str | int | None]) -> bytes:
    """Write one line with its CRLF, in UTF-8; every text is made safe, None is an empty cell."""
    return (",".join([_cell(cell) for cell in cells]) + "\r\n").encode()


def _cell(cell: str | int | None) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return str(cell)
    if _PLAIN.fullmatch(cell):
        return cell
    text = safe_text(cell)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
