"""What is relayed as it came is at least JSON: an SDK would stumble over anything else."""

import time
from collections.abc import Callable

import pytest

from adapters.protocols.anthropic.stream import MessagesStream
from adapters.protocols.inbound import StreamReader
from adapters.protocols.openai_chat.stream import ChatStream
from adapters.protocols.openai_responses.stream import ResponsesStream
from adapters.protocols.sse import parse
from tests.matrix.features import BY_NAME
from tests.matrix.upstreams import anthropic, openai_chat, openai_responses
from tests.scripted_answers import Answer, Received

NATIVE = [
    pytest.param(lambda: ChatStream(wants_usage=True), openai_chat, id="chat"),
    pytest.param(MessagesStream, anthropic, id="messages"),
    pytest.param(ResponsesStream, openai_responses, id="responses"),
]


def events_of(answer: Answer) -> list[bytes]:
    """The stream's events as bytes, without HTTP's framing."""
    request = Received("POST", "/", {}, b"", b'{"stream": true}')
    chunks = [bytes(step) for step in answer(request) if isinstance(step, bytes)][1:-1]
    return [chunk.partition(b"\r\n")[2].removesuffix(b"\r\n") for chunk in chunks]


@pytest.mark.parametrize(("reader", "wire"), NATIVE)
@pytest.mark.parametrize("nonsense", [b"data: {nonsense\n\n", b"data: {nonsense}\n\n"])
def test_a_frame_that_is_no_json_breaks_the_stream(
    reader: Callable[[], StreamReader], wire: object, nonsense: bytes
) -> None:
    events = events_of(wire.answer_with(BY_NAME["text"]))  # type: ignore[attr-defined]
    stream = reader()
    relayed = b"".join(map(stream.feed, events[:5]))

    assert relayed
    assert stream.feed(nonsense) == b""
    assert (stream.broken, stream.complete) == (True, False)
    assert stream.feed(b"".join(events[5:])) == b""


FAILED = [
    b'data: {"object":"error","message":"secret","type":"x","code":500}',
    b'event: error\ndata: {"message":"secret"}',
    b'event:error\ndata: {"type":"ping","message":"secret"}',
    b'data: {"message":"secret"}\nevent: error',
    b'data: {"type":"ping","error":{"message":"secret"}}',
    b'data: {"type":"ping","error":"secret"}',
    b'data: {"type":"ping","err\\u006fr":"secret"}',
    b"event: error\ndata: secret",
]


@pytest.mark.parametrize(("reader", "wire"), NATIVE)
@pytest.mark.parametrize("failed", FAILED)
def test_however_a_server_says_that_it_failed_its_words_are_not_passed_on(
    reader: Callable[[], StreamReader], wire: object, failed: bytes
) -> None:
    events = events_of(wire.answer_with(BY_NAME["text"]))  # type: ignore[attr-defined]
    stream = reader()
    relayed = b"".join(map(stream.feed, events[:5]))

    assert relayed
    assert stream.feed(failed + b"\n\n") == b""
    assert (stream.broken, stream.complete) == (True, False)
    assert b"secret" not in stream.feed(b"".join(events[5:])) + stream.tail(None)


@pytest.mark.parametrize(("reader", "wire"), NATIVE[1:])
@pytest.mark.parametrize("data", [b"{}", b'{"message":"secret"}', b'{"type":{}}', b'{"type":[]}'])
def test_an_event_of_no_type_breaks_a_stream_of_typed_events(
    reader: Callable[[], StreamReader], wire: object, data: bytes
) -> None:
    stream = reader()

    assert stream.feed(b"event: x\ndata: " + data + b"\n\n") == b""
    assert stream.broken


@pytest.mark.parametrize(("reader", "wire"), NATIVE)
def test_a_large_event_in_small_pieces_is_looked_through_once(
    reader: Callable[[], StreamReader], wire: object
) -> None:
    stream = reader()
    event = b'data: {"type":"ping","choices":[],"x":"' + b"x" * 8_000_000 + b'"}\n\n'
    started = time.process_time()

    for at in range(0, len(event), 1400):
        stream.feed(event[at : at + 1400])

    assert not stream.broken
    assert time.process_time() - started < 3


@pytest.mark.parametrize(("reader", "wire"), NATIVE)
def test_a_comment_between_frames_breaks_nothing(
    reader: Callable[[], StreamReader], wire: object
) -> None:
    events = events_of(wire.answer_with(BY_NAME["text"]))  # type: ignore[attr-defined]
    stream = reader()
    for event in events:
        stream.feed(event)
        stream.feed(b": keep-alive\n\n")

    assert (stream.broken, stream.complete) == (False, True)


@pytest.mark.parametrize(
    ("event", "sound"),
    [
        (b": a comment\n\n", True),
        (b'event: x\ndata: {"a": 1}\n\n', True),
        (b'data: {"a":\ndata: 1}\n\n', True),
        (b'data: {"a":\ndata: }\n\n', False),
        (b"data: \n\n", False),
        (b'data: {"a": 1\n\n', False),
    ],
)
def test_an_event_is_sound_if_its_data_is_json(event: bytes, sound: bool) -> None:
    read = parse(event)

    assert (read is None or read.fields() is not None) is sound
