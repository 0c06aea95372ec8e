"""Columns of an export: what kind of value stands in each, so that every format says the same."""

from collections.abc import Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final, NamedTuple

NANO_PLACES: Final = 9
"""Places of an amount of money."""

Row = Sequence[Any]
"""Values in the order of the columns; None where there is nothing to say."""


class Kind(Enum):
    """What stands in a column."""

    TEXT = auto()
    WHOLE = auto()
    EXACT = auto()
    """A whole number of 10⁻ⁿ: decimal text, and an exact decimal in Parquet."""
    NUMBER = auto()
    """The same, but a binary number in Parquet, for readers that take nothing else."""
    TIME = auto()
    """A moment with its zone, written in UTC."""
    DATE = auto()
    """A `datetime.date`."""
    OBJECT = auto()
    """Text by name, as a JSON object."""


class Column(NamedTuple):
    """A column's name and kind; `places` is the n of an exact decimal or a number."""

    name: str
    kind: Kind = Kind.TEXT
    places: int = 0


def text(*names: str) -> list[Column]:
    """Make columns of text."""
    return [Column(name) for name in names]


def amounts(*names: str) -> list[Column]:
    """Make columns of exact amounts, in nanos."""
    return [Column(name, Kind.EXACT, NANO_PLACES) for name in names]


@lru_cache(1 << 14)
def decimal(value: int, places: int) -> str:
    """Write a whole number of 10⁻ⁿ with at least two places and no more than it needs."""
    units, fraction = divmod(abs(value), 10**places)
    digits = f"{fraction:0{places}d}".rstrip("0").ljust(2, "0")
    return f"{'-' if value < 0 else ''}{units}.{digits}"
