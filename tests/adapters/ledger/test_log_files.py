"""The log written down and taken in again: the same events, or a refusal that names the line."""

import hashlib
import io
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import pytest

from adapters.ledger.connection import connect
from adapters.ledger.log_export import export_log
from adapters.ledger.log_import import LogFile, LogImportError, LogLineError, import_log
from adapters.ledger.log_lines import HEADER
from projections.upkeep import snapshot
from projections.verify import verify
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


def exported(url: str, **options: int) -> bytes:
    out = io.BytesIO()
    with connect(url, role=None) as conn, snapshot(conn):
        export_log(conn, out.write, lambda done, total: None, **options)
    return out.getvalue()


def taken_in(url: str, text: bytes) -> LogFile:
    log = LogFile(io.BytesIO(text), lambda done: None)
    with connect(url, role=None) as conn:
        import_log(conn, log)
    return log


def count(url: str) -> int:
    return int(rows(url, "SELECT count(*) FROM ledger_events")[0][0])


def sealed(lines: list[bytes], **changes: Any) -> bytes:
    """Put a trailer under lines that fits them, but for the changes."""
    body = b"".join(lines)
    last = json.loads(lines[-1]).get("position", 0)
    trailer = {
        "events": len(lines) - 1,
        "position": last,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return body + json.dumps({**trailer, **changes}).encode() + b"\n"


def changed(line: bytes, **changes: Any) -> bytes:
    return json.dumps({**json.loads(line), **changes}).encode() + b"\n"


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


Lines = list[bytes]


def swap(lines: Lines) -> Lines:
    return [*lines[:5], lines[6], lines[5], *lines[7:]]


def drop(index: int) -> Callable[[Lines], Lines]:
    return lambda lines: [*lines[:index], *lines[index + 1 :]]


def change(index: int, **changes: Any) -> Callable[[Lines], Lines]:
    return lambda lines: [*lines[:index], changed(lines[index], **changes), *lines[index + 1 :]]


def replace(index: int, line: bytes) -> Callable[[Lines], Lines]:
    return lambda lines: [*lines[:index], line, *lines[index + 1 :]]


def twice(lines: Lines) -> Lines:
    again = changed(lines[3], position=10**6)
    return [*lines, again]


BAD = {
    "another format": (replace(0, b'{"format":"x","version":1}\n'), 1, "no event log"),
    "a newer version": (replace(0, HEADER.replace(b"1", b"2")), 1, "no event log"),
    "two lines swapped": (swap, 7, "comes after position"),
    "a position twice": (change(4, position=3), 5, "comes after position 3"),
    "a foreign topic": (change(4, topic="shop.sold.1"), 5, "'shop.sold.1' is no topic"),
    "a topic of a module": (change(4, topic="os:system"), 5, "is no topic"),
    "no JSON": (replace(4, b"{...}\n"), 5, "not JSON"),
    "no event": (replace(4, b"[]\n"), 5, "neither an event nor a trailer"),
    "another field": (change(4, more=1), 5, "neither"),
    "no state": (change(4, state=None), 5, "no state"),
    "bad base64": (
        lambda lines: replace(4, lines[4].replace(b'"state":"', b'"state_base64":"'))(lines),
        5,
        "no state",
    ),
    "a position below zero": (change(4, position=-1), 5, "-1 is no position"),
    "a position that is true": (change(4, position=True), 5, "no position"),
    "a version beyond all bounds": (change(4, originator_version=2**63), 5, "no position and no"),
    "an originator that is none": (change(4, originator_id="x"), 5, "'x' is no originator"),
    "an event again": (twice, None, "this version of its originator is there already"),
    "a version left out": (
        lambda lines: [*lines[:-1], changed(lines[-1], originator_version=10**6)],
        None,
        "version 1000000 of",
    ),
}


@pytest.mark.parametrize(("spoil", "line", "told"), BAD.values(), ids=BAD)
def test_a_bad_line_is_named_and_nothing_is_written(
    database_url: str,
    written: bytes,
    spoil: Callable[[Lines], Lines],
    line: int | None,
    told: str,
) -> None:
    lines = spoil(written.splitlines(keepends=True)[:-1])

    with pytest.raises(LogLineError, match=told) as refused:
        taken_in(database_url, sealed(lines))

    assert refused.value.line == line or (line is None and refused.value.line == len(lines))
    assert count(database_url) == 0


def test_a_version_that_is_missing_in_the_middle_is_found(
    database_url: str, written: bytes
) -> None:
    lines = written.splitlines(keepends=True)[:-1]
    versions = [json.loads(line)["originator_version"] for line in lines[1:]]
    gap = 1 + versions.index(2)

    with pytest.raises(LogLineError, match=r"version 3 of .* is where version 2 should be"):
        taken_in(database_url, sealed(drop(gap)(lines)))

    assert count(database_url) == 0


@contextmanager
def refused(url: str, told: str) -> Iterator[None]:
    with pytest.raises(LogLineError, match=told):
        yield
    assert count(url) == 0


@pytest.mark.parametrize("left", [0, 1, 40, -1, -2, -90])
def test_a_file_that_is_cut_off_anywhere_is_refused(
    database_url: str, written: bytes, left: int
) -> None:
    cut = written[:left] if left else b""

    with refused(database_url, "cut off|no event log"):
        taken_in(database_url, cut)


def test_a_file_without_its_trailer_is_refused(database_url: str, written: bytes) -> None:
    with refused(database_url, "ends before its trailer"):
        taken_in(database_url, b"".join(written.splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize("wrong", [{"events": 3}, {"position": 3}, {"sha256": "0" * 64}])
def test_a_trailer_that_does_not_fit_is_refused(
    database_url: str, written: bytes, wrong: dict[str, Any]
) -> None:
    lines = written.splitlines(keepends=True)[:-1]

    with refused(database_url, "the trailer does not fit"):
        taken_in(database_url, sealed(lines, **wrong))


def test_an_event_that_was_changed_is_refused(database_url: str, written: bytes) -> None:
    with refused(database_url, "the trailer does not fit"):
        taken_in(database_url, written.replace(b"operator", b"operatox", 1))


def test_what_follows_the_trailer_is_refused(database_url: str, written: bytes) -> None:
    with refused(database_url, "something follows the trailer"):
        taken_in(database_url, written + b"\n")


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
