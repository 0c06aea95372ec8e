"""Anthropic's streams, relayed as they are."""

import pytest
from hypothesis import given

from adapters.protocols.anthropic.encoder import MESSAGE_STOP
from adapters.protocols.anthropic.stream import MessagesStream
from adapters.protocols.sse import EVENT_BYTES_MAX
from adapters.token_count import count_tokens
from tests.adapters.protocols.anthropic_events import (
    EVENTS,
    REQUEST,
    STREAM,
    USED,
    block,
    delta,
    ending,
    started,
    stopped,
)
from tests.adapters.protocols.streams import cuts
from tests.upstreams.anthropic_answers import PING, Said, event_of, events_of


@given(cuts(STREAM))
def test_a_relayed_stream_is_the_same_bytes_however_it_is_cut(pieces: list[bytes]) -> None:
    stream = MessagesStream()

    passed = b"".join(map(stream.feed, pieces))

    assert passed == STREAM.removesuffix(EVENTS[-1])
    assert stream.tail({"ignored": 1}) == EVENTS[-1]
    assert stream.done
    assert stream.report.usage == USED


@given(cuts(STREAM.replace(b"\n", b"\r\n")))
def test_lines_that_end_as_on_windows_are_relayed_plainly(pieces: list[bytes]) -> None:
    stream = MessagesStream()

    assert b"".join(map(stream.feed, pieces)) + stream.tail(None) == STREAM


def test_a_relayed_stream_is_whole_only_after_its_reason_to_stop() -> None:
    whole = len(STREAM) - len(EVENTS[-1])

    for end in range(len(STREAM)):
        stream = MessagesStream()
        passed = stream.feed(STREAM[:end])
        assert STREAM.startswith(passed)
        assert (stream.complete, stream.done, stream.broken) == (end >= whole, False, False)
        assert stream.report.input_only == (len(EVENTS[0]) <= end < whole)


def test_nothing_is_relayed_before_the_first_block() -> None:
    stream = MessagesStream()

    assert stream.feed(EVENTS[0] + PING) == b""
    assert stream.feed(EVENTS[2]) == EVENTS[0] + PING + EVENTS[2]


@pytest.mark.parametrize(
    "last",
    [
        event_of("error", error={"type": "overloaded_error"}),
        MESSAGE_STOP,
        b'data: {"type":"message_delta"\n\n',
    ],
    ids=["error", "end", "no json"],
)
def test_an_error_or_nonsense_breaks_a_relayed_stream_after_what_came_before(last: bytes) -> None:
    stream = MessagesStream()
    begun = started(block(0), delta(0, text="Hi"))

    passed = stream.feed(begun + last)
    passed += stream.feed(delta(0, text="more"))

    assert passed == begun
    assert stream.broken
    assert not stream.complete


def test_a_reason_to_stop_before_the_beginning_breaks_the_stream() -> None:
    stream = MessagesStream()

    assert stream.feed(ending()) == b""
    assert stream.broken


def test_nothing_is_relayed_after_the_end_mark() -> None:
    stream = MessagesStream()
    stream.feed(STREAM)

    assert stream.feed(STREAM) == b""
    assert stream.feed(delta(0, text="more")) == b""


def test_an_event_that_only_holds_a_telling_word_is_relayed() -> None:
    stream = MessagesStream()
    result = block(0, "web_search_tool_result", content={"type": "error"})

    assert stream.feed(started(result)) == started(result)
    assert not stream.broken


def test_without_an_end_mark_ours_ends_it() -> None:
    stream = MessagesStream()
    stream.feed(started(block(0), stopped(0), ending(output_tokens=3)))

    assert stream.complete
    assert stream.tail(None) == MESSAGE_STOP


def test_what_was_said_can_be_counted_when_nobody_reported() -> None:
    stream = MessagesStream()
    said = Said(("Hello", " you"), thoughts=("Hm",), calls=[("1", "look", {"a": 1})], usage=None)
    stream.feed(b"".join(events_of(REQUEST, said)))

    assert stream.report.usage is None
    assert stream.produced.anything()
    assert stream.produced.tokens() == count_tokens('HmHello youlook{"a": 1}')


def test_a_stream_that_said_nothing_produced_nothing() -> None:
    stream = MessagesStream()
    stream.feed(EVENTS[0] + PING + b"data: nothing\n\n")

    assert not stream.produced.anything()
    assert stream.produced.tokens() == 0


def test_of_a_huge_answer_the_rest_is_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.protocols.produced_text.KEPT_BYTES_MAX", 10)
    stream = MessagesStream()
    stream.feed(started(block(0)))
    more = delta(0, text="x" * 400)
    stream.feed(more)

    assert stream.produced.tokens() == len(block(0) + more) // 4


def test_an_event_without_end_is_given_up() -> None:
    stream = MessagesStream()
    stream.feed(started(block(0)))

    assert stream.feed(b"data: " + b"x" * (EVENT_BYTES_MAX + 1)) == b""
    assert stream.broken


def test_usage_told_on_the_way_ends_nothing() -> None:
    stream = MessagesStream()
    stream.feed(started(block(0), stopped(0), ending(None, output_tokens=3)))

    assert not stream.complete
