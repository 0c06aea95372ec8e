"""The ledger in memory: the same protocol without a database, for tests of everything else."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from adapters.ledger.aggregates import Row, fold
from adapters.ledger.batch import ReadBooks, SpoiltBatchError, check_shard, decide
from adapters.ledger.event_codec import encode
from domain.aggregate import Recorded
from domain.errors import GatewayError
from domain.moment import moment
from domain.ports import Command

T = TypeVar("T")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class MemoryLedger:
    """One command a batch, on the library's in-memory recorder; `clock` is the ledger's time."""

    def __init__(self, clock: Callable[[], datetime], shard: int = 0) -> None:
        self._clock = clock
        self._shard = shard
        self._recorder = POPOApplicationRecorder()
        self._last = _BEGINNING

    async def execute(self, command: Command[T]) -> T:
        """Decide and append, or raise the refusal; aggregates are rebuilt from events each time."""
        check_shard([command], self._shard)
        at = moment(max(self._clock(), self._last))
        try:
            decided = decide([command], at, self._load(command.ids))
        except SpoiltBatchError as spoilt:
            raise spoilt.cause from None
        self._recorder.insert_events([encode(fact) for fact in decided.facts])
        if decided.facts:
            self._last = at.now
        (outcome,) = decided.outcomes
        if isinstance(outcome, GatewayError):
            raise outcome
        return outcome  # type: ignore[return-value]

    async def read(self, query: Command[T]) -> T:
        """Rebuild aggregates for looking."""
        at = moment(max(self._clock(), self._last))
        return query.decide(ReadBooks(at, self._load(query.ids)))

    def events(self) -> Sequence[StoredEvent]:
        """Give the whole log in order."""
        return self._recorder.select_notifications(start=1, limit=2**31)

    def _load(self, ids: Sequence[UUID]) -> dict[UUID, Recorded]:
        aggregates: dict[UUID, Recorded] = {}
        for aggregate_id in ids:
            stored = self._recorder.select_events(aggregate_id)
            rows = (Row(aggregate_id, e.originator_version, e.topic, e.state) for e in stored)
            fold(rows, aggregates)
        return aggregates
