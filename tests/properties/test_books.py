"""The state machine on the ledgers that need no server."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from adapters.ledger.event_codec import decode
from adapters.ledger.memory import MemoryLedger
from domain.aggregate import parse_time
from domain.ports import Ledger
from tests.properties.months import MonthRules
from tests.properties.profiles import CI


class BooksOnMemoryLedger(MonthRules):
    """Aggregates are folded from stored bytes for every command."""

    def new_ledger(self, clock: Callable[[], datetime]) -> Ledger:
        self.decoded: list[Any] = []
        return MemoryLedger(clock)

    def log(self) -> Sequence[Any]:
        assert isinstance(self.ledger, MemoryLedger)
        return self.read_on(self.ledger.events())

    def read_on(self, stored: Sequence[Any]) -> Sequence[Any]:
        """Decode only what was appended since."""
        for e in stored[len(self.decoded) :]:
            fact = decode(e.originator_id, e.originator_version, e.topic, e.state)
            vars(fact)["timestamp"] = parse_time(fact.timestamp)
            self.decoded.append(fact)
        return self.decoded

    def reopen(self, *, from_snapshots: bool) -> None:
        """It keeps nothing."""


TestBooksInMemory = MonthRules.TestCase
TestBooksInMemory.settings = CI
TestBooksOnMemoryLedger = BooksOnMemoryLedger.TestCase
TestBooksOnMemoryLedger.settings = CI
