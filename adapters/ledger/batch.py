"""Deciding a batch of commands over shared aggregates, so that many callers share a commit."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import UUID

from adapters.ledger.event_codec import AnyFact
from domain import ids
from domain.aggregate import Recorded
from domain.errors import GatewayError
from domain.moment import Moment
from domain.ports import Command

A = TypeVar("A", bound=Recorded)


class SpoiltBatchError(Exception):
    """A command failed after it had appended; whoever shared the batch must be decided again."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"A command failed midway: {cause!r}")
        self.cause = cause


@dataclass(slots=True)
class Decided:
    """What a batch appends, and what each caller is told: a result or a refusal."""

    facts: list[AnyFact] = field(default_factory=list[AnyFact])
    outcomes: list[object] = field(default_factory=list[object])
    begun: dict[UUID, Recorded] = field(default_factory=dict[UUID, Recorded])
    """Aggregates that exist only once the batch is committed."""


class CommandBooks:
    """One command's view of the aggregates: only those that it named, so all are caught up."""

    def __init__(
        self,
        at: Moment,
        named: Sequence[UUID],
        aggregates: Mapping[UUID, Recorded],
        begun: MutableMapping[UUID, Recorded],
    ) -> None:
        self.at = at
        self._aggregates = aggregates
        self._named = {i: aggregates.get(i) or begun.get(i) for i in named}
        self._earlier = begun
        self._begun: dict[UUID, Recorded] = {}

    def find(self, kind: type[A], aggregate_id: UUID) -> A | None:
        """Find an aggregate of this kind that the command named or has begun, or None.

        Callers name what they like, so that what they name may be something else.
        """
        assert aggregate_id in self._named, "a command looks only at what it named"
        found = self._named[aggregate_id] or self._begun.get(aggregate_id)
        return found if isinstance(found, kind) else None

    def add(self, aggregate: Recorded) -> None:
        """Take an aggregate that the command has begun."""
        assert aggregate.id not in self._aggregates, "an id is begun once"
        self._begun[aggregate.id] = aggregate

    def collect(self) -> list[AnyFact]:
        """Take every new fact, of what was touched and of what was begun."""
        facts: list[AnyFact] = []
        for aggregate in (*self._touched(), *self._begun.values()):
            if aggregate.pending_events:
                facts.extend(cast("Sequence[AnyFact]", aggregate.collect_events()))
        self._earlier.update(self._begun)
        return facts

    @property
    def dirty(self) -> bool:
        """Whether a command that failed has left facts behind."""
        return any(aggregate.pending_events for aggregate in self._touched())

    def _touched(self) -> list[Recorded]:
        return [aggregate for aggregate in self._named.values() if aggregate is not None]


def decide(
    commands: Sequence[Command[Any]], at: Moment, aggregates: Mapping[UUID, Recorded]
) -> Decided:
    """Run each command on what the ones before it left; raises SpoiltBatchError."""
    decided = Decided()
    for command in commands:
        books = CommandBooks(at, command.ids, aggregates, decided.begun)
        try:
            outcome = command.decide(books)
        except GatewayError as refusal:
            if books.dirty:
                raise SpoiltBatchError(refusal) from refusal
            outcome = refusal
        except Exception as error:
            raise SpoiltBatchError(error) from error
        else:
            decided.facts += books.collect()
        decided.outcomes.append(outcome)
    return decided


def check_shard(commands: Sequence[Command[Any]], shard: int) -> None:
    """Assert that a ledger is asked only about its own shard."""
    for command in commands:
        assert all(ids.shard_of(i) == shard for i in command.ids), "a command stays in its shard"


class ReadBooks:
    """Aggregates loaded for looking only."""

    def __init__(self, at: Moment, aggregates: Mapping[UUID, Recorded]) -> None:
        self.at = at
        self._aggregates = aggregates

    def find(self, kind: type[A], aggregate_id: UUID) -> A | None:
        """Find a loaded aggregate of this kind, or None."""
        found = self._aggregates.get(aggregate_id)
        return found if isinstance(found, kind) else None

    def add(self, aggregate: Recorded) -> None:
        """Refuse: reading begins nothing."""
        raise AssertionError(aggregate)
