"""Anthropic's streams, read into events."""

import pytest
from hypothesis import given

from adapters.protocols.anthropic.decoder import MessagesDecoder
from adapters.protocols.anthropic.encoder import MESSAGE_STOP
from adapters.protocols.canonical.blocks import Text, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Grew, Stopped
from adapters.protocols.sse import EVENT_BYTES_MAX
from tests.adapters.protocols.anthropic_events import (
    BLOCKS,
    EVENTS,
    STREAM,
    USED,
    block,
    delta,
    ending,
    started,
    stopped,
)
from tests.adapters.protocols.streams import answer_in, cuts, read, truncated
from tests.upstreams.anthropic_answers import PING, event_of


@given(cuts(STREAM))
def test_a_stream_adds_up_to_its_blocks_however_it_is_cut(pieces: list[bytes]) -> None:
    decoder = MessagesDecoder()

    answer = answer_in(decoder, pieces)

    assert (answer.blocks, answer.stop) == (BLOCKS, "tool")
    assert answer.report.usage == USED
    assert decoder.done


def test_lines_may_end_as_on_windows() -> None:
    assert answer_in(MessagesDecoder(), [STREAM.replace(b"\n", b"\r\n")]).blocks == BLOCKS


def test_a_truncated_stream_is_whole_only_after_its_reason_to_stop() -> None:
    whole = len(STREAM) - len(EVENTS[-1])

    for end, decoder in enumerate(truncated(STREAM, MessagesDecoder)):
        assert not decoder.broken
        assert decoder.complete == (end >= whole)
        assert not decoder.done
        assert decoder.report.input_only == (len(EVENTS[0]) <= end < whole)


def test_a_call_whose_input_stands_at_its_beginning_has_it() -> None:
    call = {"id": "1", "name": "f", "input": {"a": 1}}
    data = started(block(0, "tool_use", **call), stopped(0), ending("tool_use"))

    assert answer_in(MessagesDecoder(), [data]).blocks == (ToolUse("1", "f", '{"a":1}'),)


def test_usage_and_reasons_told_again_are_followed_but_end_nothing_twice() -> None:
    data = started(ending(output_tokens=5), ending(output_tokens=6), MESSAGE_STOP)
    decoder = MessagesDecoder()

    assert read(decoder, [data]) == [Stopped("stop")]
    assert decoder.report.counters["output_tokens"] == 6


def test_what_is_unheard_of_says_nothing() -> None:
    data = started(
        PING,
        b": comment\n\n",
        event_of("unheard_of", index=5),
        b'data: {"type":["x"]}\n\n',
        block(0),
        delta(0, "citations_delta", citation={}),
        delta(0, text=""),
        stopped(0),
        ending("refusal"),
        b"data: [DONE]\n\n",
    )
    decoder = MessagesDecoder()

    events = read(decoder, [data])

    assert events == [Began(0, Text("")), Ended(0), Stopped("filtered")]


def test_nothing_counts_after_the_end_mark() -> None:
    decoder = MessagesDecoder()
    read(decoder, [STREAM])

    assert decoder.feed(started(block(0))) == []
    assert decoder.feed(block(0)) == []
    assert not decoder.broken


NONSENSE = {
    "an error": event_of("error", error={"type": "overloaded_error"}),
    "no json": b"data: {\n\n",
    "a second beginning": EVENTS[0],
    "an end too early": MESSAGE_STOP,
    "a delta of no block": delta(1, text="x"),
    "an end of no block": stopped(1),
    "a block in a block": block(1),
    "a delta of another kind": delta(0, "input_json_delta", partial_json="{}"),
    "a signature of a text": delta(0, "signature_delta", signature="x"),
    "a text that is none": delta(0, text=5),
    "a reason amid a block": ending(),
    "an unheard-of reason": stopped(0) + ending("unheard_of"),
    "a reason that is no text": stopped(0) + ending(["end_turn"]),
    "a block after the reason": stopped(0) + ending() + block(1),
    "an unheard-of block": stopped(0) + block(1, "server_tool_use"),
    "a block that is none": stopped(0) + event_of("content_block_start", index=1),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_breaks_the_stream_after_what_came_before(what: str) -> None:
    decoder = MessagesDecoder()

    events = decoder.feed(started(block(0), delta(0, text="Hi")) + NONSENSE[what])

    assert events[:2] == [Began(0, Text("")), Grew(0, "Hi")]
    assert decoder.broken
    assert not decoder.done
    assert decoder.feed(delta(0, text="more")) == []


def test_a_stream_that_does_not_begin_is_broken() -> None:
    decoder = MessagesDecoder()

    assert decoder.feed(block(0)) == []
    assert decoder.broken


def test_an_event_without_end_is_given_up() -> None:
    decoder = MessagesDecoder()
    decoder.feed(EVENTS[0])

    assert decoder.feed(b"data: " + b"x" * (EVENT_BYTES_MAX + 1)) == []
    assert decoder.broken
