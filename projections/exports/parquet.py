"""Parquet, a row group at a time; the library is large and only loaded by who asks for it."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any, Final

import orjson

from projections.exports.columns import Column, Kind, Row

ROWS_A_GROUP: Final = 16_384
"""As many as are kept in memory."""
_DIGITS: Final = 38
"""The most that a 128-bit decimal holds."""


class ParquetSheet:
    """Rows in groups; a row that does not fit its column's type is an error, never a guess."""

    def __init__(self, out: Any, columns: Sequence[Column]) -> None:
        self._arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
        self._columns = columns
        fields = [(column.name, _type(self._arrow, column)) for column in columns]
        self._schema = self._arrow.schema(fields)
        self._writer = parquet.ParquetWriter(out, self._schema, compression="zstd")
        self._rows: list[Row] = []

    def write(self, rows: Iterable[Row]) -> None:
        """Keep rows until a group is full."""
        for row in rows:
            self._rows.append(row)
            if len(self._rows) == ROWS_A_GROUP:
                self._write_group()

    def finish(self) -> None:
        """Write the last rows and the table of contents."""
        if self._rows:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        by_column = zip(self._columns, zip(*self._rows, strict=True), strict=True)
        arrays = [
            self._arrow.array(list(map(_value(column), values)), field.type)
            for (column, values), field in zip(by_column, self._schema, strict=True)
        ]
        batch = self._arrow.record_batch(arrays, schema=self._schema)
        self._writer.write_batch(batch, row_group_size=ROWS_A_GROUP)
        self._rows = []


def _type(arrow: Any, column: Column) -> Any:
    types = {
        Kind.TEXT: arrow.string(),
        Kind.OBJECT: arrow.string(),
        Kind.WHOLE: arrow.int64(),
        Kind.EXACT: arrow.decimal128(_DIGITS, column.places),
        Kind.NUMBER: arrow.float64(),
        Kind.TIME: arrow.timestamp("us", tz="UTC"),
        Kind.DATE: arrow.date32(),
    }
    return types[column.kind]


def _value(column: Column) -> Callable[[Any], Any]:
    """Say how a value of the column is handed over; None stays None."""
    scale = 10**column.places
    convert: dict[Kind, Callable[[Any], Any]] = {
        Kind.EXACT: lambda value: Decimal(value).scaleb(-column.places),
        Kind.NUMBER: lambda value: value / scale,
        Kind.OBJECT: lambda value: orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode(),
    }
    found = convert.get(column.kind)
    return (lambda value: value) if found is None else (lambda v: None if v is None else found(v))
