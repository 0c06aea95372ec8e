"""Tables for operators: on a terminal, as CSV that is safe to open, or as the JSON that it was."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.admin_call import show
from projections.csv_text import csv_line

PIPE_WIDTH = 240
"""Columns where no terminal says how many there are: enough for none to be cut."""


class Format(StrEnum):
    """How to write a table."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def write(
    chosen: Format, data: Any, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]
) -> None:
    """Write rows by these columns; JSON is all the data instead, with what rows leave out."""
    if chosen is Format.JSON:
        show(data)
    elif chosen is Format.CSV:
        lines = [csv_line(columns), *(csv_line(_cells(row, columns)) for row in rows)]
        typer.echo(b"".join(lines), nl=False)
    else:
        _draw(rows, columns)


def _cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[str | int | None]:
    return [_cell(row.get(name)) for name in columns]


def _cell(value: Any) -> str | int | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else int(value)


def _draw(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="left", overflow="fold")
    for row in rows:
        cells = _cells(row, columns)
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    out = Console(highlight=False, markup=False)
    if not out.is_terminal:
        out = Console(highlight=False, markup=False, width=PIPE_WIDTH)
    out.print(table)
