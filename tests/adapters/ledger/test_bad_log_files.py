"""Written logs that are not whole, or not in order: refused by the line, and nothing written."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters.ledger.log_import import LogLineError
from adapters.ledger.log_lines import HEADER
from tests.adapters.ledger.written_logs import changed, count, exported, sealed, taken_in
from tests.projections.history import History, database


@pytest.fixture(scope="module")
def written(server_url: str) -> Iterator[bytes]:
    history = History(seed=5)
    history.live(150)
    with database(server_url) as url:
        history.store(url)
        yield exported(url)


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
    "an originator written otherwise": (change(4, originator_id="0" * 32), 5, "no originator"),
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
    events = [json.loads(line) for line in lines[1:]]
    places = [(event["originator_id"], event["originator_version"]) for event in events]
    gap = 1 + next(
        place for place, (owner, version) in enumerate(places)
        if version == 2 and (owner, 3) in places
    )  # fmt: skip

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
