"""The log written down and taken in again: the same events, byte for byte."""

import io
import json
import uuid
from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest

from adapters.ledger.connection import connect
from adapters.ledger.log_import import LogFile, LogImportError
from adapters.ledger.log_lines import HEADER
from projections.verify import verify
from tests.adapters.ledger.written_logs import changed, count, exported, sealed, taken_in
from tests.projections.history import History, append, database, rows


@pytest.fixture(scope="module")
def filled(server_url: str) -> Iterator[str]:
    history = History(seed=5)
    history.live(150)
    with database(server_url) as url:
        history.store(url)
        yield url


@pytest.fixture(scope="module")
def written(filled: str) -> bytes:
    return exported(filled)


def test_what_was_exported_and_imported_is_exported_the_same_byte_for_byte(
    database_url: str, written: bytes
) -> None:
    taken_in(database_url, written)

    assert exported(database_url) == written


def test_the_copy_verifies(database_url: str, written: bytes) -> None:
    log = taken_in(database_url, written)

    report = verify(lambda: connect(database_url, role=None))

    assert report.sound, report.violations
    assert report.events == log.events


def test_the_next_event_of_a_copy_takes_the_next_position(
    database_url: str, written: bytes
) -> None:
    last = taken_in(database_url, written).last

    append(database_url, [evolve(History().ledger.facts[0], uuid.uuid4())])

    assert rows(database_url, "SELECT max(position) FROM ledger_events")[0][0] == last + 1


def evolve(fact: Any, originator_id: uuid.UUID) -> Any:
    """Give the same fact of another originator."""
    other = copy(fact)
    vars(other)["originator_id"] = originator_id
    return other


def test_gaps_between_positions_stay_as_they_are(database_url: str, written: bytes) -> None:
    header, *events, _ = written.splitlines(keepends=True)
    events = [changed(line, position=7 * json.loads(line)["position"]) for line in events]

    taken_in(database_url, sealed([header, *events]))

    positions = [row[0] for row in rows(database_url, "SELECT position FROM ledger_events")]
    assert sorted(positions) == [7 * (n + 1) for n in range(len(events))]


def test_a_state_that_is_no_text_keeps_its_bytes(database_url: str, written: bytes) -> None:
    header, *events, _ = written.splitlines(keepends=True)
    odd = json.loads(events[0])
    del odd["state"]
    odd["state_base64"] = "/wA="
    text = sealed([header, json.dumps(odd, separators=(",", ":")).encode() + b"\n", *events[1:]])

    taken_in(database_url, text)

    assert rows(database_url, "SELECT state FROM ledger_events WHERE position = 1") == [
        (b"\xff\0",)
    ]
    assert b'"state_base64":"/wA="' in exported(database_url)


@pytest.mark.parametrize("window", [1, 7, 1000])
def test_it_does_not_matter_how_much_is_read_at_once(
    filled: str, written: bytes, window: int
) -> None:
    assert exported(filled, window=window) == written


def test_an_empty_log_goes_out_and_in(database_url: str, server_url: str) -> None:
    text = exported(database_url)
    with database(server_url) as other:
        taken_in(other, text)

        assert exported(other) == text
    assert text.startswith(HEADER)


def test_a_database_with_events_takes_no_log(filled: str, written: bytes) -> None:
    before = count(filled)

    with pytest.raises(LogImportError, match="only an empty one"):
        taken_in(filled, written)

    assert count(filled) == before


def test_a_log_of_another_release_is_taken_as_it_was(database_url: str, written: bytes) -> None:
    header, *events, _ = written.splitlines(keepends=True)
    old = [line.replace(b"wallet.granted.2", b"wallet.granted.1") for line in events]

    taken_in(database_url, sealed([header, *old]))

    assert count(database_url) == len(events)


def test_progress_is_told_while_a_long_file_is_read(database_url: str) -> None:
    history = History(seed=9)
    history.live(500)
    history.store(database_url)
    text, told = exported(database_url), list[int]()
    log = LogFile(io.BytesIO(text), told.append)

    events = sum(1 for _ in log.rows())

    assert events == count(database_url)
    assert len(told) > 1
    assert told[-1] == len(text)
