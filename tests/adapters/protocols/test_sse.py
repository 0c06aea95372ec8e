"""Server-sent events, cut out of bytes that come in any chunks."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given

from adapters.protocols.sse import (
    EVENT_BYTES_MAX,
    EndlessEventError,
    EventSplitter,
    RawEventSplitter,
    ServerSentEvent,
    is_failure,
    parse,
    without_ids,
)
from tests.adapters.protocols.streams import cuts

EVENTS = [
    b": a comment\n\n",
    b'event: one\ndata: {"a": 1}\n\n',
    b"id: 7\ndata:two\ndata: lines\n\n",
    b"retry: 9\n\n",
    "data: ☃ \n\n".encode(),
]
STREAM = b"".join(EVENTS)
SAID = [
    ServerSentEvent("one", b'{"a": 1}'),
    ServerSentEvent("", b"two\nlines"),
    ServerSentEvent("", "☃ ".encode()),
]


def all_of(splitter: RawEventSplitter, pieces: list[bytes]) -> Iterator[bytes]:
    return (event for piece in pieces for event in splitter.feed(piece))


@given(cuts(STREAM), cuts(STREAM.replace(b"\n", b"\r\n")))
def test_events_are_the_same_however_their_bytes_are_cut(
    plain: list[bytes], windows: list[bytes]
) -> None:
    for pieces in (plain, windows):
        splitter = EventSplitter()
        assert list(all_of(RawEventSplitter(), pieces)) == EVENTS
        assert [event for piece in pieces for event in splitter.feed(piece)] == SAID


def test_byte_by_byte_is_the_same_and_what_has_not_ended_is_kept() -> None:
    splitter = RawEventSplitter()
    pieces = [bytes([byte]) for byte in STREAM.replace(b"\n", b"\r\n") + b"data: x"]

    assert list(all_of(splitter, pieces)) == EVENTS
    assert list(splitter.feed(b"y\n\n")) == [b"data: xy\n\n"]


@pytest.mark.parametrize("end", [b"", b"\n\n"], ids=["endless", "whole"])
@pytest.mark.parametrize("size", [2**20, EVENT_BYTES_MAX * 2], ids=["cut", "at once"])
def test_an_event_that_grows_too_large_is_none_but_those_before_it_are(
    size: int, end: bytes
) -> None:
    stream = EVENTS[1] + b"data: " + b"x" * EVENT_BYTES_MAX + end
    splitter = RawEventSplitter()
    events = all_of(splitter, [stream[at : at + size] for at in range(0, len(stream), size)])

    assert next(events) == EVENTS[1]
    with pytest.raises(EndlessEventError):
        next(events)
    assert list(splitter.feed(EVENTS[1])) == [EVENTS[1]]


def test_an_event_as_large_as_can_be_is_one() -> None:
    event = b"data: " + b"x" * (EVENT_BYTES_MAX - 6)

    assert list(RawEventSplitter().feed(event + b"\n\n")) == [event + b"\n\n"]


def test_a_large_event_in_small_pieces_is_looked_through_once() -> None:
    event = b"data: " + b"x" * 8_000_000 + b"\n\n"
    pieces = [event[at : at + 1400] for at in range(0, len(event), 1400)]
    started = time.process_time()

    assert list(all_of(RawEventSplitter(), pieces)) == [event]
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (b'data: {"a":\ndata: 1}\n\n', {"a": 1}),
        (b"data: {}\n\n", {}),
        (b"data: []\n\n", None),
        (b"data: {\n\n", None),
        (b"data\n\n", None),
    ],
)
def test_data_is_read_as_an_object_or_not_at_all(text: bytes, fields: object) -> None:
    event = parse(text)

    assert event is not None
    assert event.fields() == fields


def test_ids_and_retry_times_are_taken_away_and_nothing_else() -> None:
    text = b'id: 7\nevent: x\nretry: 9\ndata: {"id":1,"x":"id: 7"}\n\n'

    assert without_ids(text) == b'event: x\ndata: {"id":1,"x":"id: 7"}\n\n'


@pytest.mark.parametrize(
    ("name", "fields", "failed"),
    [
        ("error", {"message": "x"}, True),
        (" error", {}, True),
        ("", {"object": "error", "message": "x"}, True),
        ("", {"error": {"message": "x"}}, True),
        ("result", {"error": "x"}, True),
        ("", {"error": None, "object": "chat.completion.chunk"}, False),
        ("errors", {"object": {"error": 1}, "message": "error"}, False),
    ],
)
def test_a_server_says_in_many_ways_that_it_failed(
    name: str, fields: dict[str, object], failed: bool
) -> None:
    assert is_failure(name, fields) is failed
