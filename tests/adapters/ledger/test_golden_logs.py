"""The log of every release is read by today's, and adds up to what it added up to then."""

import dataclasses
from typing import Any
from uuid import UUID

import orjson
import pytest

from adapters.ledger.aggregates import fold, restore, take_snapshot
from adapters.ledger.event_codec import decode, encode
from domain.aggregate import Recorded
from domain.upcasters import UPCASTERS
from tests.adapters.ledger.golden import FOLDER, read, states
from tests.adapters.ledger.test_event_codec import FACTS
from tests.adapters.ledger.till import dumped

RELEASES = sorted(path.stem for path in FOLDER.glob("*.ndjson"))
NEWEST = max(release for release in RELEASES if "-" not in release)
"""`0.2.0-books` is one that was stored while 0.2.0 was made; its states are as of 0.2.0."""
of_every_release = pytest.mark.parametrize("release", RELEASES)


def told_by(state: Any, expected: Any) -> Any:
    """Keep what the release knew of: a later one may say more of an aggregate.

    What was empty is still to be.
    """
    if isinstance(expected, dict) and expected:
        return {name: told_by(state.get(name), value) for name, value in expected.items()}
    if isinstance(expected, list) and len(expected) == len(state):
        return [told_by(*pair) for pair in zip(state, expected, strict=True)]
    return state


@of_every_release
def test_a_releases_log_adds_up_to_the_same_today(release: str) -> None:
    expected = orjson.loads((FOLDER / f"{release}.states.json").read_bytes())

    assert told_by(states(read(release)), expected) == expected


def test_the_newest_log_has_one_of_each_fact() -> None:
    assert {row.topic for row in read(NEWEST)} == {fact.TOPIC for fact in FACTS}


def test_every_topic_of_before_is_in_one_of_the_logs() -> None:
    """An upcaster that nothing is read by could do anything."""
    told = {row.topic for release in RELEASES for row in read(release)}

    assert told >= UPCASTERS.keys()


@of_every_release
def test_a_topics_fields_never_change(release: str) -> None:
    """Who changes them gives the fact the next number, and writes an upcaster."""
    told = {fact.TOPIC: {field.name for field in dataclasses.fields(fact)} for fact in FACTS}
    columns = {"originator_id", "originator_version"}

    changed = {
        row.topic
        for row in read(release)
        if row.topic in told and set(orjson.loads(row.state)) != told[row.topic] - columns
    }

    assert changed == set()


@of_every_release
def test_facts_that_are_read_and_written_again_are_the_same_bytes(release: str) -> None:
    rows = [row for row in read(release) if row.topic in {fact.TOPIC for fact in FACTS}]

    assert [encode(decode(*row)).state for row in rows] == [row.state for row in rows]


@of_every_release
def test_every_aggregate_survives_a_snapshot_at_any_version(release: str) -> None:
    whole: dict[UUID, Recorded] = {}
    resumed: dict[UUID, Recorded] = {}
    for row in read(release):
        fold([row], whole)
        fold([row], resumed)
        resumed[row.originator_id] = snapshotted(resumed[row.originator_id])

        assert dumped(resumed[row.originator_id]) == dumped(whole[row.originator_id])


def snapshotted(aggregate: Recorded) -> Recorded:
    restored = restore(take_snapshot(aggregate))
    assert restored is not None
    return restored
