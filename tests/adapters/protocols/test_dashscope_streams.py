"""DashScope's streams: written for its callers, read as an upstream, relayed between the two."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Stopped
from adapters.protocols.dashscope.answer import read_answer, write_answer
from adapters.protocols.dashscope.decoder import Decoder
from adapters.protocols.dashscope.encoder import Encoder
from adapters.protocols.dashscope.shape import Shape
from adapters.protocols.dashscope.stream import Stream
from adapters.token_count import count_tokens
from domain.metering import Report
from domain.usage import exclusive
from tests.conversations import answers, events_of

FRAME = Frame("request-1", "qwen-plus", 1_700_000_000)
USAGE = exclusive(input=100, cached_input=900, cache_write_5m=50, output=20, reasoning=10)
BLOCKS = (
    Thinking("Hm, 天气…"),
    Text("Two 🌍 calls."),
    ToolUse("call_1", "get_weather", '{"city":"Paris"}'),
    ToolUse("call_2", "get_weather", "{}"),
)
ANSWER = Answer(BLOCKS, "tool", report=Report(USAGE))
MODES = pytest.mark.parametrize("incremental", [True, False], ids=["incremental", "cumulative"])


def stream_of(answer: Answer, shape: Shape) -> bytes:
    encoder = Encoder(FRAME, shape)
    return encoder.encode(events_of(answer)) + encoder.finish(answer.report, None)


def data_of(stream: bytes) -> list[Any]:
    lines = stream.split(b"\n")
    return [json.loads(line[5:]) for line in lines if line.startswith(b"data:")]


def decoded(stream: bytes, incremental: bool, size: int = 10**6) -> tuple[Decoder, AnswerBuilder]:
    decoder, built = Decoder(incremental=incremental), AnswerBuilder()
    for at in range(0, len(stream), size):
        built.add(decoder.feed(stream[at : at + size]))
    return decoder, built


def test_an_event_has_the_bytes_that_its_sdk_looks_for() -> None:
    stream = stream_of(Answer((Text("Hi"),), "stop"), Shape())

    first, last, rest = stream.split(b"\n\n")
    assert first.startswith(b'id:1\nevent:result\n:HTTP_STATUS/200\ndata:{"output":{"choices":[{')
    assert last.startswith(b"id:2\nevent:result\n:HTTP_STATUS/200\ndata:{")
    assert rest == b""


@MODES
def test_only_the_last_event_has_the_usage_and_the_reason_to_finish(incremental: bool) -> None:
    *events, last = data_of(stream_of(ANSWER, Shape(incremental=incremental)))

    ends = {event["output"]["choices"][0]["finish_reason"] for event in events}
    told = {event["usage"]["total_tokens"] for event in events}
    assert (ends, told) == ({"null"}, {0})
    assert last["output"]["choices"][0]["finish_reason"] == "tool_calls"
    assert last["usage"] == {
        "input_tokens": 1050,
        "output_tokens": 30,
        "total_tokens": 1080,
        "prompt_tokens_details": {
            "cached_tokens": 900,
            "cache_creation_input_tokens": 50,
            "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 0},
        },
        "output_tokens_details": {"reasoning_tokens": 10},
    }


def test_in_pieces_nothing_is_told_twice() -> None:
    events = data_of(stream_of(ANSWER, Shape(incremental=True)))

    messages = [event["output"]["choices"][0]["message"] for event in events]
    pieces = [call for message in messages for call in message.get("tool_calls", ())]
    names = [piece["function"]["name"] for piece in pieces]
    assert "".join(message["content"] for message in messages) == "Two 🌍 calls."
    assert "".join(message.get("reasoning_content", "") for message in messages) == "Hm, 天气…"
    assert [name for name in names if name] == ["get_weather", "get_weather"]
    assert [piece["id"] for piece in pieces if piece["id"]] == ["call_1", "call_2"]


def test_cumulative_events_repeat_all_there_is() -> None:
    events = data_of(stream_of(ANSWER, Shape()))

    messages = [event["output"]["choices"][0]["message"] for event in events]
    assert all(now["content"].startswith(was["content"]) for was, now in pairwise(messages))
    assert messages[-1] == write_answer(ANSWER, FRAME, Shape())["output"]["choices"][0]["message"]


@MODES
def test_plain_text_has_no_place_for_more(incremental: bool) -> None:
    events = data_of(stream_of(ANSWER, Shape(message=False, incremental=incremental)))

    texts = [event["output"]["text"] for event in events]
    assert ("".join(texts) if incremental else texts[-1]) == "Two 🌍 calls."
    assert events[-1]["output"]["finish_reason"] == "tool_calls"
    assert all(text for text in texts[:-1])


def test_what_models_say_besides_is_written_where_there_is_a_place() -> None:
    events: list[Event] = [
        Began(0, RedactedThinking("x")), Ended(0), Began(1, Refusal("No")), Grew(1, "."),
        Grew(1, ""), Ended(1), Stopped("filtered"),
    ]  # fmt: skip
    encoder = Encoder(FRAME, Shape(parts=True))
    stream = encoder.encode(events) + encoder.finish(Report(), None)

    choice = data_of(stream)[-1]["output"]["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (
        [{"text": "No."}],
        "content_filter",
    )


@settings(deadline=None)
@given(answers(), st.booleans(), st.booleans(), st.integers(1, 40))
def test_what_is_written_is_read_again_however_it_is_cut(
    answer: Answer, incremental: bool, parts: bool, size: int
) -> None:
    stream = stream_of(answer, Shape(incremental=incremental, parts=parts))

    decoder, built = decoded(stream, incremental, size)

    assert decoder.done
    assert not decoder.broken
    assert built.answer(decoder.report).blocks == answer.blocks
    assert (built.stopped or Stopped("paused")).stop == answer.stop
    assert decoder.report.usage == answer.report.usage


@settings(deadline=None)
@given(answers(), st.booleans())
def test_whole_answers_are_read_as_they_were_written(answer: Answer, parts: bool) -> None:
    body = json.dumps(write_answer(answer, FRAME, Shape(parts=parts))).encode()

    read = read_answer(body)

    assert (read.blocks, read.stop, read.report.usage) == (
        answer.blocks,
        answer.stop,
        answer.report.usage,
    )


@MODES
def test_a_stream_cut_short_is_never_whole(incremental: bool) -> None:
    stream = stream_of(ANSWER, Shape(incremental=incremental))
    decoder, relay = Decoder(incremental=incremental), Stream(choices=1, incremental=None)

    for end, byte in enumerate(stream, 1):
        decoder.feed(bytes([byte]))
        relay.feed(bytes([byte]))
        ended = end == len(stream)
        assert {decoder.complete, decoder.done, relay.complete, relay.done} == {ended}, end


@MODES
def test_a_relayed_stream_goes_on_as_it_came_but_for_its_last_event(incremental: bool) -> None:
    stream = stream_of(ANSWER, Shape(incremental=incremental))
    for size in (1, 7, len(stream)):
        relay = Stream(choices=1, incremental=True if incremental else None)

        passed = b"".join(relay.feed(stream[at : at + size]) for at in range(0, len(stream), size))

        assert (relay.done, relay.broken) == (True, False)
        assert passed + relay.tail(None) == stream
        assert data_of(relay.tail(None)) == data_of(stream)[-1:]
        assert relay.report.usage == USAGE


@pytest.mark.parametrize(
    ("sent", "asked"),
    [(True, True), (True, None), (False, None)],
    ids=["in pieces", "in pieces unasked", "cumulative"],
)
def test_what_passed_is_counted_once(sent: bool, asked: bool | None) -> None:
    relay = Stream(choices=1, incremental=asked)
    relay.feed(stream_of(ANSWER, Shape(incremental=sent)))

    said = 'Hm, 天气…Two 🌍 calls.get_weather{"city":"Paris"}get_weather{}'
    assert relay.produced.anything()
    assert relay.produced.tokens() == count_tokens(said)


def test_nothing_passed_is_nothing_produced() -> None:
    assert not Stream(choices=1, incremental=None).produced.anything()
