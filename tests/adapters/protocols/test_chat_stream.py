"""A stream is relayed, not rebuilt: whatever its bytes are cut into, the same comes out."""

import itertools
import json

import pytest
from hypothesis import given, strategies as st

from adapters.protocols.openai_chat.stream import ChatStream
from adapters.protocols.sse import EVENT_BYTES_MAX
from adapters.token_count import count_tokens


def chunk(fields: str) -> bytes:
    return b'data: {"id":"c","object":"chat.completion.chunk",%s}\n\n' % fields.encode()


ROLE = chunk('"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]')
HELLO = chunk('"choices":[{"index":0,"delta":{"content":"Hello \\"usage\\":{ [DONE"}}]')
NULL_USAGE = chunk('"choices":[{"index":0,"delta":{"content":" you"}}],"usage":null')
FINISH = chunk('"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]')
USAGE = chunk('"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4}')
ON_LAST = chunk(
    '"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],'
    '"usage":{"prompt_tokens":9,"completion_tokens":4}'
)
COMMENT = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"


def relayed(stream: ChatStream, data: bytes, cuts: list[int]) -> bytes:
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pairs = itertools.pairwise(bounds)
    return b"".join(stream.feed(data[start:end]) for start, end in pairs if end > start)


@given(st.lists(st.integers(0, 10_000), max_size=30), st.booleans(), st.booleans())
def test_any_cutting_of_the_bytes_gives_the_same(
    cuts: list[int], wants_usage: bool, carriage_returns: bool
) -> None:
    stream = ChatStream(wants_usage=wants_usage)
    data = ROLE + COMMENT + HELLO + NULL_USAGE + FINISH + USAGE + DONE
    if carriage_returns:
        data = data.replace(b"\n", b"\r\n")

    passed = relayed(stream, data, cuts)

    assert passed == ROLE + COMMENT + HELLO + NULL_USAGE + FINISH
    assert stream.usage_event == (USAGE if wants_usage else b"")
    assert stream.done
    assert stream.report.counters == {"prompt_tokens": 9, "completion_tokens": 4}


def test_usage_on_a_chunk_with_choices_is_passed_on_and_read() -> None:
    stream = ChatStream(wants_usage=False)

    assert stream.feed(ROLE + ON_LAST + DONE) == ROLE + ON_LAST
    assert stream.report.usage is not None


def test_of_cumulative_usage_the_last_counts() -> None:
    stream = ChatStream(wants_usage=True)
    first = chunk('"choices":[{"index":0}],"usage":{"prompt_tokens":9,"completion_tokens":1}')

    stream.feed(first + ON_LAST + DONE)

    assert stream.report.counters["completion_tokens"] == 4


def test_a_stream_without_an_end_mark_is_complete_if_it_finished() -> None:
    stream = ChatStream(wants_usage=False)

    stream.feed(ROLE + HELLO)
    before = stream.complete
    stream.feed(FINISH)

    assert not before
    assert stream.complete


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error":{"message":"secret"}}\n\n',
        b'event: error\ndata: {"error":"x"}\n\n',
        b'data: {"usage":{"prompt_tokens":\n\n',
        b'data: ["error":]\n\n',
        b'data: [{"error":1}]\n\n',
    ],
)
def test_an_error_or_nonsense_breaks_the_stream_after_what_came_before(event: bytes) -> None:
    stream = ChatStream(wants_usage=False)

    passed = stream.feed(ROLE + HELLO + event + FINISH)

    assert passed == ROLE + HELLO
    assert stream.broken
    assert not stream.complete


@pytest.mark.parametrize(
    "choice",
    [
        '"delta":{},"finish_reason":"error"',
        '"delta":{},"finish_reason":"abort"',
        '"delta":{"content":"secret"},"error":{"message":"secret"}',
    ],
)
def test_a_choice_that_the_server_gave_up_breaks_the_stream(choice: str) -> None:
    stream = ChatStream(wants_usage=False)
    given_up = chunk(f'"choices":[{{"index":0,{choice}}}]')

    assert stream.feed(ROLE + HELLO + given_up + USAGE + DONE) == ROLE + HELLO
    assert (stream.broken, stream.complete, stream.done) == (True, False, False)


def test_the_deprecated_kind_of_call_is_a_good_end() -> None:
    stream = ChatStream(wants_usage=False)
    called = FINISH.replace(b'"stop"', b'"function_call"')

    assert stream.feed(ROLE + called + DONE) == ROLE + called
    assert (stream.broken, stream.complete) == (False, True)


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        (['"service_tier":"flex"', '"usage":null', '"service_tier":null'], "flex"),
        (['"service_tier":"auto"', '"service_tier":"priority"', '"usage":null'], "priority"),
        (['"usage":null', '"service_tier":null', '"service_tier":7'], None),
    ],
)
def test_the_service_tier_told_last_is_reported(told: list[str], tier: str | None) -> None:
    stream = ChatStream(wants_usage=False)
    said = [chunk(f'"choices":[{{"index":0,"delta":{{"content":"x"}}}}],{also}') for also in told]

    stream.feed(b"".join([*said, FINISH, USAGE, DONE]))

    assert stream.report.service_tier == tier
    assert stream.report.counters["prompt_tokens"] == 9


def test_what_is_nested_too_deeply_to_be_written_is_left_out_of_the_tail() -> None:
    stream = ChatStream(wants_usage=True)
    deep = "[" * 500 + "]" * 500
    stream.feed(chunk(f'"system_fingerprint":{deep},"choices":[]') + FINISH)
    stream.feed(
        chunk(f'"choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":4,"x":{deep}}}')
    )

    [tail] = [json.loads(line[5:]) for line in stream.tail({"a": "b"}).split(b"\n")[:1]]

    assert (tail["choices"], tail["metadata"]) == ([], {"a": "b"})


def test_nothing_is_passed_on_after_the_end_mark() -> None:
    stream = ChatStream(wants_usage=False)

    assert stream.feed(ROLE + FINISH + DONE + HELLO + USAGE) == ROLE + FINISH


def test_a_servers_event_ids_and_retry_times_are_not_passed_on() -> None:
    stream = ChatStream(wants_usage=False)

    passed = stream.feed(b"id: 7\nretry: 100\n" + ROLE + b"event: x\nid: 8\n" + HELLO)

    assert passed == ROLE + b"event: x\n" + HELLO


def test_two_choices_are_complete_when_both_have_finished() -> None:
    stream = ChatStream(wants_usage=False, choices=2)

    stream.feed(FINISH)
    first = stream.complete
    stream.feed(FINISH.replace(b'"index":0', b'"index":1'))

    assert not first
    assert stream.complete


def test_an_error_that_is_null_is_none() -> None:
    stream = ChatStream(wants_usage=False)
    harmless = chunk('"error":null,"choices":[{"index":0,"delta":{"content":"x"}}]')

    assert stream.feed(harmless) == harmless


def test_what_was_said_can_be_counted_when_nobody_reported() -> None:
    stream = ChatStream(wants_usage=False)
    call = (
        '"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function",'
        '"function":{"name":"weather","arguments":"{}"}}]}}]'
    )

    stream.feed(ROLE)
    silent = stream.produced.anything()
    stream.feed(chunk('"choices":[{"index":0,"delta":{"content":"Hello"}}]') + chunk(call))

    assert not silent
    assert stream.produced.anything()
    assert stream.produced.tokens() == count_tokens("Helloweather{}")


def test_an_event_without_end_is_given_up() -> None:
    stream = ChatStream(wants_usage=False)

    stream.feed(b"data: " + b"x" * EVENT_BYTES_MAX)

    assert stream.broken


@pytest.mark.parametrize(
    "fields",
    ['"choices":7', '"choices":[7]', '"choices":[{"delta":7}]', '"choices":[{"finish_reason":7}]'],
)
def test_odd_shapes_say_nothing_and_break_nothing(fields: str) -> None:
    stream = ChatStream(wants_usage=False)
    odd = chunk(f'{fields},"usage":{{"prompt_tokens":1,"completion_tokens":1}}')

    stream.feed(odd)

    assert not stream.produced.anything()
