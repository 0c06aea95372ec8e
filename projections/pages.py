"""Pages of a list, joined by cursors that are good only for the list that handed them out."""

import base64
import binascii
import hashlib
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

PLACE_MAX: Final = 2**62
"""Beyond every place that a list hands out, and within what a query can hold."""
LIMIT_MAX: Final = 1_000
_PLACE: Final = struct.Struct(">QQ")
_CHECK_BYTES: Final = 6


class CursorError(ValueError):
    """A cursor that the list never handed out."""

    def __init__(self) -> None:
        super().__init__("The cursor is not one of this list's.")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; the cursor leads to the next one, None at the end."""

    items: Sequence[T]
    next_cursor: str | None


def page_of(
    rows: Sequence[T], scope: str, limit: int, place: Callable[[T], tuple[int, int]]
) -> Page[T]:
    """Make a page of what was found when one row more than the limit was asked for."""
    items = rows[:limit]
    more = len(rows) > limit
    return Page(items, write_cursor(scope, *place(items[-1])) if more else None)


def clamp(limit: int) -> int:
    """Keep a page's size within reason."""
    return max(1, min(limit, LIMIT_MAX))


def write_cursor(scope: str, position: int, entry: int = 0) -> str:
    """Write where a page ended; the scope names the list and its filters."""
    place = _PLACE.pack(position, entry)
    return base64.urlsafe_b64encode(place + _check(scope, place)).decode().rstrip("=")


def read_cursor(scope: str, cursor: str) -> tuple[int, int]:
    """Read where to go on, or raise CursorError for what this list never handed out.

    The check is no secret: a forged cursor could only point elsewhere in the same list.
    """
    place = _decoded(cursor)[: _PLACE.size]
    if len(place) == _PLACE.size:
        position, entry = _PLACE.unpack(place)
        within = max(position, entry) <= PLACE_MAX
        if within and write_cursor(scope, position, entry) == cursor:
            return position, entry
    raise CursorError


def _decoded(cursor: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return b""


def _check(scope: str, place: bytes) -> bytes:
    return hashlib.blake2b(scope.encode() + b"\0" + place, digest_size=_CHECK_BYTES).digest()
