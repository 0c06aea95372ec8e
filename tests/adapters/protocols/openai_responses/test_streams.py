"""Streams of Responses: written for callers, read from upstreams, relayed as they come."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from adapters.protocols.canonical.blocks import RedactedThinking, Text, Thinking, ToolUse
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.canonical.events import Began, Ended, Grew, Stopped
from adapters.protocols.openai_responses.decoder import ResponsesDecoder
from adapters.protocols.openai_responses.sealed import ISSUER
from adapters.protocols.openai_responses.stream import ResponsesStream
from domain.metering import Report
from tests.adapters.protocols.openai_responses.samples import (
    BLOCKS,
    FRAME,
    REPORT,
    Json,
    answer_of,
    data_of,
    events_of,
    request_of,
)
from tests.adapters.protocols.streams import checked
from tests.scripted_answers import Received
from tests.upstreams.responses_answers import Call, Said, events_of as scripted

EVENT: Any = TypeAdapter(ResponseStreamEvent)
ASKED = Received(
    "POST", "/v1/responses", {}, b"", json.dumps({"input": "Hi", "model": "m"}).encode()
)
SAID = Said(
    text=("Hel", "lo, ", '\u00e9\U0001f600 "type":"response.completed"'),
    thoughts=("Hm", "."),
    sealed="gAAAA",
    calls=(Call("f", '{"a":"\\u00e9"}'), Call("g", "*** Begin", "call_2", custom=True)),
)
STREAM = b"".join(scripted(ASKED, SAID))
TOLD = (
    Thinking("Hm.", "gAAAA", ISSUER),
    Text("".join(SAID.text)),
    ToolUse("call_1", "f", '{"a":"\\u00e9"}'),
    ToolUse("call_2", "g", "*** Begin", custom=True),
)
USED = {"input": 1, "output": 26, "reasoning": 2}


def written(*blocks: Any, stop: Any = "stop", report: Report = REPORT) -> list[Json]:
    encoder = request_of().stream_encoder(FRAME)
    events = events_of(answer_of(*blocks, stop=stop))
    begun = b"".join(encoder.encode([event]) for event in events)
    told = data_of(begun + encoder.finish(report, None))
    assert encoder.encode([]) == b""
    for event in told:
        EVENT.validate_python(event)
    return told


def test_a_stream_of_ours_tells_everything_in_order() -> None:
    told = written(Text("Hello"))

    assert [event["type"].removeprefix("response.") for event in told] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))


def test_its_last_event_holds_the_whole_response() -> None:
    told = written(*BLOCKS)

    whole = json.loads(request_of().encode_answer(answer_of(*BLOCKS), FRAME))
    assert told[-1]["response"] == whole
    assert [e["item"] for e in told if e["type"] == "response.output_item.done"] == whole["output"]
    assert {e["item_id"] for e in told if "item_id" in e} <= {
        item["id"] for item in whole["output"]
    }


def test_deltas_add_up_to_what_is_done() -> None:
    told = written(*BLOCKS)

    said: dict[int, str] = {}
    for event in told:
        if event["type"].endswith(".delta"):
            said[event["output_index"]] = said.get(event["output_index"], "") + event["delta"]
    assert said == {0: "Hm, Paris.", 2: "Let me ", 3: "see.", 4: '{"city":"Paris"}',
                    6: "*** Begin", 7: "Not that."}  # fmt: skip


@pytest.mark.parametrize(
    ("stop", "kind"), [("length", "incomplete"), ("filtered", "incomplete"), ("tool", "completed")]
)
def test_how_a_stream_of_ours_ends(stop: str, kind: str) -> None:
    last = written(Text("Hi"), stop=stop)[-1]

    assert (last["type"], last["response"]["status"]) == (f"response.{kind}", kind)


def test_blocks_side_by_side_are_kept_apart() -> None:
    encoder = request_of().stream_encoder(FRAME)

    events = data_of(
        encoder.encode(
            [
                Began(0, ToolUse("c1", "f", "")),
                Began(1, ToolUse("c2", "g", '{"')),
                Grew(0, "{}"),
                Grew(1, 'a":1}'),
                Ended(1),
                Ended(0),
                Stopped("tool"),
            ]
        )
        + encoder.finish(REPORT, None)
    )

    output = events[-1]["response"]["output"]
    assert [(item["call_id"], item["arguments"]) for item in output] == [
        ("c1", "{}"),
        ("c2", '{"a":1}'),
    ]


def test_an_empty_answer_is_a_stream_too() -> None:
    assert [event["type"].removeprefix("response.") for event in written()] == [
        "created",
        "in_progress",
        "completed",
    ]


def test_a_stream_of_ours_that_breaks_off_says_so_of_the_same_response() -> None:
    encoder = request_of().stream_encoder(FRAME)
    events = events_of(answer_of(Text("Hello"), Text("there")))[:6]

    told = data_of(encoder.encode(events) + encoder.failure("No luck."))

    last = told[-1]["response"]
    EVENT.validate_python(told[-1])
    assert told[-1]["type"] == "response.failed"
    assert (last["id"], last["status"]) == (told[0]["response"]["id"], "failed")
    assert last["error"] == {"code": "server_error", "message": "No luck."}
    assert [item["content"][0]["text"] for item in last["output"]] == ["Hello"]


def read(stream: bytes, *cuts: int) -> tuple[ResponsesDecoder, AnswerBuilder]:
    decoder, built = ResponsesDecoder(), AnswerBuilder()
    for begin, end in zip((0, *cuts), (*cuts, len(stream)), strict=True):
        built.add(decoder.feed(stream[begin:end]))
    return decoder, built


def test_an_upstreams_stream_adds_up() -> None:
    decoder, built = read(STREAM)

    assert (decoder.done, decoder.complete, decoder.broken) == (True, True, False)
    assert built.answer(decoder.report).blocks == TOLD
    assert built.stopped == Stopped("tool")
    assert decoder.report.usage is not None
    assert decoder.report.usage.buckets == USED


def test_what_we_write_we_can_read() -> None:
    encoder = request_of().stream_encoder(FRAME)
    stream = encoder.encode(events_of(answer_of(*BLOCKS))) + encoder.finish(REPORT, None)

    decoder, built = read(stream)

    said = [block for block in built.blocks if not isinstance(block, RedactedThinking)]
    assert [getattr(block, "text", None) or block.arguments for block in said] == [  # type: ignore[union-attr]
        "Hm, Paris.", "Let me ", "see.", '{"city":"Paris"}', "*** Begin", "Not that.",
    ]  # fmt: skip
    assert decoder.report.usage == REPORT.usage


CUTS = st.lists(st.integers(0, len(STREAM)), max_size=8).map(sorted)


@given(CUTS, st.sampled_from([b"\n", b"\r\n"]))
def test_how_the_bytes_are_cut_does_not_matter(cuts: list[int], newline: bytes) -> None:
    decoder, built = read(STREAM.replace(b"\n", newline), *cuts)
    relayed, reader = relay(STREAM.replace(b"\n", newline), *cuts)

    assert (decoder.done, built.blocks) == (True, TOLD)
    assert (reader.done, relayed + reader.tail(None)) == (True, STREAM)


def test_a_stream_cut_off_anywhere_is_not_complete() -> None:
    for end in range(len(STREAM)):
        decoder, _ = read(STREAM[:end])
        assert not decoder.complete
        assert not decoder.broken
        relayed, reader = relay(STREAM[:end])
        assert not reader.complete
        assert not reader.broken
        assert STREAM.startswith(relayed)


def test_byte_by_byte_is_the_same() -> None:
    decoder, built = read(STREAM, *range(1, len(STREAM)))
    relayed, reader = relay(STREAM, *range(1, len(STREAM)))

    assert (decoder.done, built.blocks) == (True, TOLD)
    assert (reader.done, relayed + reader.tail(None)) == (True, STREAM)


def relay(stream: bytes, *cuts: int) -> tuple[bytes, ResponsesStream]:
    reader = ResponsesStream()
    relayed = b"".join(
        reader.feed(stream[begin:end])
        for begin, end in zip((0, *cuts), (*cuts, len(stream)), strict=True)
    )
    return relayed, reader


def test_only_the_last_event_waits_for_the_charge() -> None:
    relayed, reader = relay(STREAM)

    assert relayed + reader.tail({"ignored": 1}) == STREAM
    assert data_of(reader.tail(None))[0]["type"] == "response.completed"
    assert reader.report.usage is not None
    assert reader.report.usage.buckets == USED
    assert reader.produced.anything()
    assert reader.produced.tokens() > 8


def test_nothing_is_relayed_before_something_is_said() -> None:
    events = list(scripted(ASKED, SAID))
    reader = ResponsesStream()

    assert reader.feed(b": keep-alive\n\n" + events[0]) == b""
    assert reader.feed(b": keep-alive\n\n" + events[1]) == b""
    assert reader.feed(b": keep-alive\n\n") == b""
    assert reader.feed(events[2]) == b"".join(events[:3])
    assert reader.feed(b": keep-alive\n\n") == b": keep-alive\n\n"


EVENTS = list(scripted(ASKED, SAID))


@pytest.mark.parametrize("at", range(len(EVENTS)))
def test_an_event_that_comes_twice_makes_no_nonsense_of_ours(at: int) -> None:
    decoder = ResponsesDecoder()

    found = decoder.feed(b"".join([*EVENTS[: at + 1], *EVENTS[at:]]))

    checked(found, whole=decoder.complete)
    if b"output_item.done" in EVENTS[at]:
        assert found == ResponsesDecoder().feed(STREAM)
