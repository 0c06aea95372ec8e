"""Streams of Responses that tell less than they should, or what makes no sense."""

import json
from typing import Any

import pytest

from adapters.protocols.canonical.blocks import RedactedThinking, Text, Thinking, ToolUse
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.canonical.events import Stopped
from adapters.protocols.openai_responses.decoder import ResponsesDecoder
from adapters.protocols.openai_responses.sealed import ISSUER
from adapters.protocols.openai_responses.stream import ResponsesStream
from adapters.protocols.produced_text import KEPT_BYTES_MAX
from adapters.protocols.sse import EVENT_BYTES_MAX
from tests.adapters.protocols.openai_responses.samples import Json, data_of

MESSAGE: Json = {
    "type": "message",
    "id": "msg_1",
    "content": [{"type": "output_text", "text": "Hello"}],
}
CALL: Json = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'}
USAGE: Json = {"input_tokens": 3, "output_tokens": 2}
CREATED: Json = {"type": "response.created", "response": {"id": "resp_1", "tools": []}}
DELTA: Json = {
    "type": "response.output_text.delta",
    "sequence_number": 4,
    "output_index": 0,
    "content_index": 0,
    "delta": "Hi",
}


def ended(status: str = "completed", **fields: Any) -> Json:
    response = {"id": "resp_1", "status": status, "output": [], "usage": USAGE, **fields}
    return {"type": f"response.{status}", "response": response}


def item(kind: str, index: int, content: Json) -> Json:
    return {"type": f"response.output_item.{kind}", "output_index": index, "item": content}


def part(kind: str, text: str, index: int = 0) -> Json:
    inner = {"type": "output_text", "text": text}
    place = {"output_index": 0, "content_index": index}
    return {"type": f"response.content_part.{kind}", **place, "part": inner}


def bytes_of(*events: Json) -> bytes:
    return b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)


def read(*events: Json) -> tuple[ResponsesDecoder, AnswerBuilder]:
    decoder, built = ResponsesDecoder(), AnswerBuilder()
    built.add(decoder.feed(bytes_of(*events)))
    return decoder, built


def test_items_without_deltas_come_whole() -> None:
    decoder, built = read(CREATED, item("done", 0, MESSAGE), item("done", 1, CALL), ended())

    assert decoder.done
    assert built.blocks == (Text("Hello"), ToolUse("c1", "f", '{"a":1}'))
    assert built.stopped == Stopped("tool")


def test_items_that_only_the_last_event_tells_come_whole() -> None:
    _, built = read(CREATED, ended(output=[MESSAGE]))

    assert built.blocks == (Text("Hello"),)


def test_items_begun_but_told_only_at_their_end_are_filled() -> None:
    begun = {**CALL, "arguments": ""}
    events = (item("added", 0, MESSAGE), part("added", ""), item("done", 0, MESSAGE))

    _, built = read(*events, item("added", 1, begun), item("done", 1, CALL), ended())

    assert built.blocks == (Text("Hello"), ToolUse("c1", "f", '{"a":1}'))


def test_items_that_never_end_are_closed() -> None:
    decoder, built = read(
        item("added", 0, MESSAGE), part("added", "a"), part("added", "b", 1), ended("incomplete")
    )

    assert decoder.done
    assert built.blocks == (Text("a"), Text("b"))
    assert built.stopped == Stopped("length")


def thought(kind: str, text: str) -> Json:
    return {"type": f"response.{kind}.delta", "output_index": 0, "delta": text}


def test_a_summarys_paragraphs_are_one_thought() -> None:
    added = {"type": "response.reasoning_summary_part.added", "output_index": 0}
    sealed = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}

    _, built = read(
        {**added, "summary_index": 0},
        thought("reasoning_summary_text", "One."),
        {**added, "summary_index": 1},
        thought("reasoning_summary_text", "Two."),
        thought("reasoning_text", "raw"),
        item("done", 0, sealed),
        ended(),
    )

    assert built.blocks == (Thinking("One.\n\nTwo.", "gAAAA", ISSUER),)


def test_raw_thoughts_count_where_there_is_no_summary() -> None:
    added = {"type": "response.reasoning_summary_part.added", "output_index": 0}
    bare = {"type": "reasoning", "summary": []}

    _, built = read(
        thought("reasoning_text", "raw"),
        {**added, "summary_index": 1},
        thought("reasoning_text", "er"),
        item("done", 0, bare),
        ended(),
    )

    assert built.blocks == (Thinking("rawer"),)


def test_thoughts_without_words_are_kept_for_their_issuer() -> None:
    sealed = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}

    _, built = read(item("added", 0, sealed), item("done", 0, sealed), ended())

    assert built.blocks == (RedactedThinking("gAAAA", ISSUER),)


FAILED = ended("failed", error={"code": "server_error", "message": "secret"})


@pytest.mark.parametrize(
    "last",
    [
        FAILED,
        ended("cancelled"),
        {"type": "error", "code": "server_error", "message": "secret"},
        {"error": {"message": "secret"}},
    ],
)
def test_an_error_ends_a_stream_and_nothing_after_it_counts(last: Json) -> None:
    decoder, built = read(
        item("added", 0, MESSAGE), part("added", "a"), last, part("added", "b", 1)
    )
    reader = ResponsesStream()
    relayed = reader.feed(bytes_of(CREATED, DELTA, last, DELTA, ended()))

    assert (decoder.broken, decoder.complete) == (True, False)
    assert built.blocks == (Text("a"),)
    assert (reader.broken, reader.complete) == (True, False)
    assert relayed == bytes_of(CREATED, DELTA)
    assert reader.feed(bytes_of(DELTA)) == b""
    assert b"secret" not in relayed + reader.failure("No luck.")


def test_the_usage_of_a_failed_response_counts() -> None:
    decoder, _ = read(FAILED)
    reader = ResponsesStream()
    reader.feed(bytes_of(FAILED))

    for report in (decoder.report, reader.report):
        assert report.usage is not None
        assert report.usage.buckets == {"input": 3, "output": 2}


def test_a_failure_is_told_of_the_response_that_had_begun() -> None:
    reader = ResponsesStream()
    reader.feed(bytes_of(CREATED, DELTA, FAILED))

    (event,) = data_of(reader.failure("No luck."))

    assert event == {
        "type": "response.failed",
        "sequence_number": 5,
        "response": {
            "id": "resp_1",
            "tools": [],
            "status": "failed",
            "error": {"code": "server_error", "message": "No luck."},
        },
    }


@pytest.mark.parametrize(
    "nonsense",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        b"data: 3\n\n",
        bytes_of({"type": "response.completed"}),
        bytes_of({"type": "response.completed", "response": "x"}),
        bytes_of({"type": "response.output_item.added", "output_index": 0}),
        bytes_of(item("added", 0, {**CALL, "call_id": 1})),
        bytes_of(DELTA),
        bytes_of(item("added", 0, CALL), item("added", 0, CALL)),
        bytes_of(item("done", 0, CALL), item("added", 0, CALL)),
        bytes_of(item("added", 0, MESSAGE), part("added", "a"), {**DELTA, "delta": 1}),
        bytes_of(item("added", 0, MESSAGE), part("added", ""), item("done", 0, MESSAGE), DELTA),
    ],
)
def test_nonsense_breaks_a_stream_that_is_read(nonsense: bytes) -> None:
    decoder = ResponsesDecoder()
    decoder.feed(nonsense)

    assert (decoder.broken, decoder.complete) == (True, False)
    assert decoder.feed(bytes_of(ended())) == []


@pytest.mark.parametrize(
    "nonsense",
    [
        b'data: {"error": {}\n\n',
        b'data: ["type": "error"]\n\n',
        b"data: {\n\n",
        b"data: 3\n\n",
        b'data: {"type": 3, "error": {}}\n\n',
    ],
)
def test_and_one_that_is_relayed(nonsense: bytes) -> None:
    reader = ResponsesStream()

    assert reader.feed(nonsense) == b""
    assert (reader.broken, reader.complete) == (True, False)


def test_events_of_other_kinds_pass() -> None:
    other = {"type": "response.web_search_call.searching", "output_index": 3}
    marked = {"type": "response.odd", "note": {"type": "error"}}
    reader = ResponsesStream()

    decoder, _ = read(other, item("added", 0, {"type": "web_search_call"}), ended())

    assert decoder.done
    assert reader.feed(bytes_of(other, marked)) == bytes_of(other, marked)


def test_an_end_mark_of_chats_is_no_harm() -> None:
    stream = bytes_of(CREATED, DELTA, ended()) + b"data: [DONE]\n\n"
    reader, decoder = ResponsesStream(), ResponsesDecoder()
    begun = bytes_of(item("added", 0, MESSAGE), part("added", ""))

    relayed = reader.feed(b"data: [DONE]\n\n" + stream)
    decoder.feed(b"data: [DONE]\n\n" + begun + stream)

    assert relayed == bytes_of(CREATED, DELTA)
    assert (reader.done, decoder.done) == (True, True)
    assert reader.feed(bytes_of(DELTA)) == b""


def test_a_response_without_a_word_is_whole_all_the_same() -> None:
    reader = ResponsesStream()

    assert reader.feed(bytes_of(CREATED, ended("incomplete"))) == bytes_of(CREATED)
    assert reader.done
    assert not reader.produced.anything()


def test_ids_and_retry_times_of_the_stream_are_not_relayed() -> None:
    reader = ResponsesStream()

    assert reader.feed(b"id: 7\nretry: 9\n" + bytes_of(DELTA)) == bytes_of(DELTA)


def test_an_event_without_end_is_none() -> None:
    reader, decoder = ResponsesStream(), ResponsesDecoder()
    endless = b"data: " + b"x" * EVENT_BYTES_MAX

    assert reader.feed(endless) == b""
    assert decoder.feed(endless) == []
    assert (reader.broken, decoder.broken) == (True, True)


def test_a_very_long_answer_is_weighed() -> None:
    reader = ResponsesStream()
    long = bytes_of({**DELTA, "delta": "word " * (KEPT_BYTES_MAX // 5 + 1)})

    reader.feed(long)
    tokens = reader.produced.tokens()
    reader.feed(long)

    assert reader.produced.tokens() == tokens + len(long) // 4


def test_what_is_no_delta_says_nothing() -> None:
    reader = ResponsesStream()
    reader.feed(b'data: {".delta\n\n' + bytes_of({**DELTA, "delta": 1}) + b'data: ["a.delta"]\n\n')

    assert not reader.produced.anything()
