"""Categories: what each lot of credit is. Memory grows with promotional grants, not with calls."""

from collections.abc import Iterable

from domain.grants import PAID, PROMOTIONAL
from domain.money import Nanos
from projections.events import Fields
from projections.lot_moves import NO_LOTS, Move


class Categories:
    """Remembers which grants are promotional; what a correction gave back is paid credit."""

    def __init__(self) -> None:
        self._promotional: set[str] = set()

    def note(self, granted: Fields) -> None:
        """Note a new lot."""
        if granted["category"] == PROMOTIONAL:
            self._promotional.add(granted["grant_id"])

    def of(self, lot: str) -> str:
        """Tell the category of a lot; what stands in the place of one is its own."""
        if lot in NO_LOTS:
            return lot
        return PROMOTIONAL if lot in self._promotional else PAID

    def summed(self, moves: Iterable[Move]) -> dict[tuple[str, str], Nanos]:
        """Sum moves up by kind and category."""
        sums: dict[tuple[str, str], Nanos] = {}
        for kind, lot, change in moves:
            key = (kind, self.of(lot))
            sums[key] = sums.get(key, 0) + change
        return sums
