"""Sheets: rows of an export as CSV, NDJSON or Parquet, in constant memory."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, Final, Protocol

import orjson

from projections.csv_text import csv_line
from projections.exports.columns import Column, Kind, Row, decimal
from projections.exports.parquet import ParquetSheet

CSV, NDJSON, PARQUET = "csv", "ndjson", "parquet"

_REMEMBERED: Final = 1 << 14
"""Texts whose written form is kept."""


class Sheet(Protocol):
    """Takes rows, some at a time; nothing is whole before `finish`."""

    def write(self, rows: Iterable[Row]) -> None:
        """Append rows."""
        ...

    def finish(self) -> None:
        """Write what belongs at the end."""
        ...


class CsvSheet:
    """RFC 4180 with one line of names; texts that a spreadsheet would run are made safe."""

    def __init__(self, out: Any, columns: Sequence[Column]) -> None:
        self._out = out
        self._cells = [_CELL.get(c.kind) or partial(decimal, places=c.places) for c in columns]
        out.write(csv_line(column.name for column in columns))

    def write(self, rows: Iterable[Row]) -> None:
        """Append lines."""
        self._out.write("".join(map(self._line, rows)).encode())

    def finish(self) -> None:
        """Add nothing: the control totals are in a file of their own."""

    def _line(self, row: Row) -> str:
        cells = zip(self._cells, row, strict=True)
        return ",".join(["" if value is None else cell(value) for cell, value in cells]) + "\r\n"


class NdjsonSheet:
    """One JSON object a line; decimals are strings."""

    def __init__(self, out: Any, columns: Sequence[Column]) -> None:
        self._out = out
        self._names = [column.name for column in columns]
        self._values = [_VALUE.get(c.kind) or partial(decimal, places=c.places) for c in columns]

    def write(self, rows: Iterable[Row]) -> None:
        """Append lines."""
        self._out.write(b"".join(map(self._line, rows)))

    def finish(self) -> None:
        """Add nothing."""

    def _line(self, row: Row) -> bytes:
        values = zip(self._names, self._values, row, strict=True)
        fields = {name: None if v is None else value(v) for name, value, v in values}
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


SHEETS: Final[dict[str, Callable[[Any, Sequence[Column]], Sheet]]] = {
    CSV: CsvSheet,
    NDJSON: NdjsonSheet,
    PARQUET: ParquetSheet,
}
"""Every format for rows; each is given a stream of bytes and its columns."""


def _same(value: Any) -> Any:
    return value


@lru_cache(_REMEMBERED)
def _safe(value: str) -> str:
    """Write a cell as every CSV of ours has it; most texts of a long file come again and again."""
    return csv_line((value,))[:-2].decode()


@lru_cache(_REMEMBERED)
def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _object(value: dict[str, str]) -> str:
    return _safe(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()) if value else "{}"


_CELL: Final[dict[Kind, Callable[[Any], str]]] = {
    Kind.TEXT: _safe, Kind.WHOLE: str, Kind.TIME: _time, Kind.DATE: str, Kind.OBJECT: _object,
}  # fmt: skip
_VALUE: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.TEXT: _same, Kind.WHOLE: _same, Kind.TIME: _time, Kind.DATE: str, Kind.OBJECT: _same,
}  # fmt: skip
