"""What of the books is exported, and from where into what."""

from typing import Any, NamedTuple

from psycopg import Connection

from projections.events import WINDOW
from projections.upkeep import Progress


class Selection(NamedTuple):
    """A customer's, a month's, or everything; ids in hex, a month as `2026-11`."""

    customer_id: str | None = None
    wallet_id: str | None = None
    """The customer's."""
    month: str | None = None

    def __str__(self) -> str:
        whose = f"customer cus_{self.customer_id}" if self.customer_id else "all customers"
        return f"{whose}, {self.month or 'all months'}"


class Task(NamedTuple):
    """One export at work."""

    conn: Connection
    """Sees one moment."""
    end: int
    """The log's position then."""
    out: Any
    """A stream of bytes."""
    form: str
    """The format."""
    selection: Selection
    progress: Progress
    window: int = WINDOW
    """Positions read at once."""

    def half(self, which: int) -> "Task":
        """Give the task whose progress is the first half of this one's (0), or the second (1)."""

        def report(done: int, total: int) -> None:
            self.progress(which * total + done, 2 * total)

        return self._replace(progress=report)
