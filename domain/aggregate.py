"""The base of every aggregate: told its time, and cheap enough for two commits a call."""

import re
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from eventsourcing.domain import AggregateCreated, AggregateEvent, BaseAggregate
from eventsourcing.utils import register_topic, resolve_topic

from domain.moment import Moment

State = dict[str, Any]
"""An aggregate's state as plain JSON values, for a snapshot."""


class Fact(AggregateEvent):
    """A fact of an aggregate's history; `TOPIC` names it in the log, whatever its class is called.

    Applying it calls the aggregate's `when_<name>`, so that facts stay plain data.
    """

    TOPIC: ClassVar[str] = ""
    handler: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _register(cls)

    def apply(self, aggregate: Any) -> None:
        """Hand the fact to the method that is named for it."""
        getattr(aggregate, self.handler)(self)


class FirstFact(AggregateCreated):
    """The fact that begins an aggregate."""

    TOPIC: ClassVar[str] = ""
    handler: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _register(cls)

    def mutate(self, aggregate: Any) -> Any:
        """Build the aggregate; the library's own way filters arguments that ours never take."""
        assert aggregate is None, "an aggregate begins once"
        kind = resolve_topic(self.originator_topic)
        begun = object.__new__(kind)
        begun.__base_init__(self.originator_id, self.originator_version, self.timestamp)
        begun.__init__()
        getattr(begun, self.handler)(self)
        return begun


def _register(fact: type[Fact | FirstFact]) -> None:
    if "TOPIC" in vars(fact):
        register_topic(fact.TOPIC, fact)
        fact.handler = "when_" + re.sub(r"(?<!^)(?=[A-Z])", "_", fact.__name__).lower()


def parse_time(value: object) -> datetime | None:
    """Read a time back from a snapshot, where JSON has made it a string."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    assert value is None or isinstance(value, datetime), "a time, or none"
    return value


F = TypeVar("F", bound=Fact)


class Recorded(BaseAggregate[UUID]):
    """An aggregate whose every change is a fact with the ledger's own time."""

    TOPIC = ""
    SNAPSHOT_VERSION = 1
    """Raised whenever the shape of `to_state` changes: older snapshots are then ignored."""

    class Event(Fact):
        """The base of this aggregate's facts."""

    @classmethod
    def begin(cls, fact: type[FirstFact], at: Moment, aggregate_id: UUID, **facts: Any) -> Self:
        """Create the aggregate by its first fact."""
        event = fact(
            originator_topic=cls.TOPIC,
            originator_id=aggregate_id,
            originator_version=cls.INITIAL_VERSION,
            timestamp=at.now,
            **facts,
        )
        begun: Self = event.mutate(None)
        begun.pending_events.append(event)
        return begun

    def record(self, fact: type[F], at: Moment, **facts: Any) -> F:
        """Append a fact, apply it and return it; the library's own way costs twice as much."""
        event = fact(
            originator_id=self._id,
            originator_version=self._version + 1,
            timestamp=at.now,
            **facts,
        )
        event.mutate(self)
        self._pending_events.append(event)
        return event

    @property
    def retired(self) -> bool:
        """Whether nobody is likely to ask for it again soon, so that a cache may forget it."""
        return False

    def to_state(self) -> State:
        """Write the state as plain JSON values."""
        return {k: v for k, v in vars(self).items() if not k.startswith("_")}

    def restore(self, state: State) -> None:
        """Take back what `to_state` wrote."""
        vars(self).update(state)
