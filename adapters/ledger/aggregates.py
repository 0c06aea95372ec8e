"""Rebuilding aggregates from stored events and snapshots."""

from collections.abc import Iterable, MutableMapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

import orjson
from eventsourcing.utils import TopicError, resolve_topic

from adapters.ledger.event_codec import decode
from domain.aggregate import Recorded


class Row(NamedTuple):
    """A stored event as the database returns it."""

    originator_id: UUID
    version: int
    topic: str
    state: bytes


class SnapshotRow(NamedTuple):
    """An aggregate's state at a version."""

    originator_id: UUID
    version: int
    topic: str
    state: bytes


def fold(rows: Iterable[Row], aggregates: MutableMapping[UUID, Recorded]) -> None:
    """Apply events in order; an aggregate's first event creates it."""
    for row in rows:
        fact = decode(*row)
        aggregate = cast("Any", fact).mutate(aggregates.get(row.originator_id))
        aggregates[row.originator_id] = aggregate


def take_snapshot(aggregate: Recorded) -> SnapshotRow:
    """Write an aggregate's state; its kind and the shape of its state name the topic."""
    return SnapshotRow(
        aggregate.id,
        aggregate.version,
        snapshot_topic(type(aggregate)),
        orjson.dumps(aggregate.to_state()),
    )


def snapshot_topic(kind: type[Recorded]) -> str:
    """Name a kind's present shape, so that a snapshot of another shape is ignored."""
    return f"{kind.TOPIC}/{kind.SNAPSHOT_VERSION}"


def restore(row: SnapshotRow) -> Recorded | None:
    """Rebuild an aggregate, or None if the snapshot is of another shape."""
    try:
        kind: type[Recorded] = resolve_topic(row.topic.partition("/")[0])
    except TopicError:
        return None
    if row.topic != snapshot_topic(kind):
        return None
    aggregate = object.__new__(kind)
    # `created_on` and `modified_on` are the library's; nothing of ours looks at them.
    aggregate.__base_init__(row.originator_id, row.version, datetime.min.replace(tzinfo=UTC))
    cast("Any", aggregate).__init__()
    aggregate.restore(orjson.loads(row.state))
    return aggregate
