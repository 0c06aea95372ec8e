"""Deadlines in order of time: what is due is a prefix, and looking changes nothing."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import datetime


class Deadlines:
    """Keys by deadline; a key is due at its very instant (half-open validity)."""

    def __init__(self) -> None:
        self._order: list[tuple[datetime, str]] = []

    def add(self, key: str, at: datetime) -> None:
        """Remember a deadline; appended at the end when it is the latest, as most are."""
        insort(self._order, (at, key))

    def discard(self, key: str, at: datetime) -> None:
        """Forget a deadline, if it is there."""
        index = bisect_left(self._order, (at, key))
        if index < len(self._order) and self._order[index] == (at, key):
            del self._order[index]

    def due(self, horizon: datetime) -> Iterator[str]:
        """Name what is due, oldest first."""
        for at, key in self._order:
            if at > horizon:
                return
            yield key
