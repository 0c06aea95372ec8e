"""Stand-ins for the domain's ports."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded
from domain.errors import GatewayError
from domain.moment import Moment, moment
from domain.ports import Command

A = TypeVar("A", bound=Recorded)
T = TypeVar("T")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class FakeBooks:
    """One command's view: it may look only at what it named."""

    def __init__(self, at: Moment, named: Sequence[UUID], held: dict[UUID, Recorded]) -> None:
        self.at = at
        self._named = named
        self._held = held
        self._begun: dict[UUID, Recorded] = {}

    def find(self, kind: type[A], aggregate_id: UUID) -> A | None:
        assert aggregate_id in self._named, "a command looks only at what it named"
        found = self._held.get(aggregate_id)
        return found if isinstance(found, kind) else None

    def add(self, aggregate: Recorded) -> None:
        assert aggregate.id not in self._held, "an id is begun once"
        self._begun[aggregate.id] = aggregate

    def pending(self) -> list[Any]:
        named = (self._held[i] for i in self._named if i in self._held)
        return [fact for found in named for fact in found.pending_events]

    def collect(self) -> list[Any]:
        self._held.update(self._begun)
        touched = dict.fromkeys((*self._named, *self._begun))
        known = (self._held[i] for i in touched if i in self._held)
        return [fact for found in known for fact in found.collect_events()]


class FakeLedger:
    """The ledger as a long-lived process sees it: aggregates stay in memory between commands."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.facts: list[Any] = []
        self._clock = clock
        self._held: dict[UUID, Recorded] = {}
        self._last = _BEGINNING

    @property
    def at(self) -> Moment:
        """The ledger's time: never below the log's last."""
        return moment(max(self._clock(), self._last))

    def decide(self, command: Command[T], at: Moment | None = None) -> T:
        """Decide and append; the moment may be given, as one whose horizon lags."""
        books = FakeBooks(at or self.at, command.ids, self._held)
        try:
            outcome = command.decide(books)
        except GatewayError:
            assert books.pending() == [], "a refusal leaves no fact"
            raise
        appended = books.collect()
        self.facts += appended
        if appended:
            self._last = books.at.now
        return outcome

    async def execute(self, command: Command[T]) -> T:
        return self.decide(command)

    async def read(self, query: Command[T]) -> T:
        return query.decide(FakeBooks(self.at, query.ids, self._held))

    def look(self, kind: type[A], aggregate_id: UUID) -> A:
        """Give an aggregate that is there."""
        found = self._held[aggregate_id]
        assert isinstance(found, kind)
        return found

    def rebuild(self) -> None:
        """Forget every aggregate and fold the log again."""
        self._held = {}
        for fact in self.facts:
            held = self._held.get(fact.originator_id)
            self._held[fact.originator_id] = fact.mutate(held)

    def restart_from_snapshots(self) -> None:
        """Write every aggregate as JSON and go on with what that says."""
        self._held = {i: restored(aggregate) for i, aggregate in self._held.items()}


def restored(aggregate: A) -> A:
    """Take an aggregate through JSON, as a snapshot does."""
    kind = type(aggregate)
    fresh = object.__new__(kind)
    fresh.__base_init__(aggregate.id, aggregate.version, _BEGINNING)
    fresh.__init__()  # type: ignore[misc]
    fresh.restore(written(aggregate))
    return fresh


def written(aggregate: Recorded) -> dict[str, Any]:
    """Give an aggregate's state as JSON says it."""
    state: dict[str, Any] = json.loads(json.dumps(aggregate.to_state(), default=str))
    return state


def facts_of(kind: type[Fact | FirstFact], facts: list[Any]) -> list[Any]:
    """Pick the facts of one kind."""
    return [fact for fact in facts if type(fact) is kind]
