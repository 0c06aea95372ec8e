"""Whole chat answers and written streams, from the canonical form."""

import json
from typing import Any, get_args

import pytest

from adapters.protocols.canonical.answer import Answer, Frame, MalformedAnswerError, Stop
from adapters.protocols.canonical.blocks import (
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolUse,
)
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from adapters.protocols.openai_chat.answer import FINISH, decode_answer, encode_answer
from adapters.protocols.openai_chat.encoder import ChatEncoder
from domain.metering import Report
from domain.usage import exclusive

FRAME = Frame("7", "m", 1_795_197_560)
USED = Report(exclusive(input=100, cached_input=900, cache_write=50, output=20, reasoning=10))
SIGNED = Thinking("hm", "s", "anthropic")
PARIS = ToolUse("call_1", "get_weather", '{"city":"Paris"}')


def written(answer: Answer) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(encode_answer(answer, FRAME))
    return fields


def deltas(*events: Event) -> list[dict[str, Any]]:
    encoder = ChatEncoder(FRAME, wants_usage=True)
    stream = b"".join(encoder.encode([event]) for event in events)
    chunks = [json.loads(event[6:]) for event in stream.split(b"\n\n") if event]
    return [chunk["choices"][0] for chunk in chunks]


def test_an_answer_in_openais_shape_with_the_usage_of_every_dialect() -> None:
    assert written(Answer((Text("Hi"), Text(" you")), "stop", report=USED)) == {
        "id": "chatcmpl-7",
        "object": "chat.completion",
        "created": 1_795_197_560,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Hi you",
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 1_050,
            "completion_tokens": 30,
            "total_tokens": 1_080,
            "prompt_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 50},
            "completion_tokens_details": {"reasoning_tokens": 10},
        },
        "system_fingerprint": None,
    }


def test_calls_thoughts_and_signatures_have_their_places() -> None:
    google = ToolUse("call_2", "f", "", "c2ln", "gemini")
    note = ToolUse("call_3", "note", "free", custom=True)
    blocks = (SIGNED, RedactedThinking("x", "anthropic"), PARIS, google, note)

    message = written(Answer(blocks, "tool"))["choices"][0]["message"]

    assert message["content"] is None
    assert message["reasoning_content"] == "hm"
    assert message["reasoning_details"] == [
        {
            "type": "reasoning.text",
            "text": "hm",
            "signature": "s",
            "format": "anthropic",
            "index": 0,
        },
        {"type": "reasoning.encrypted", "data": "x", "format": "anthropic", "index": 1},
    ]
    assert message["tool_calls"] == [
        {
            "id": "call_1",
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
        },
        {
            "id": "call_2",
            "type": "function",
            "function": {"name": "f", "arguments": "{}"},
            "extra_content": {"google": {"thought_signature": "c2ln"}},
        },
        {"id": "call_3", "type": "custom", "custom": {"name": "note", "input": "free"}},
    ]


def test_a_refusal_and_what_explains_a_filtered_answer_are_told() -> None:
    refused = written(Answer((Refusal("No."),), "stop"))["choices"][0]["message"]
    filtered = written(Answer((Text("So"),), "filtered", explanation="Why."))["choices"][0]

    assert (refused["content"], refused["refusal"]) == (None, "No.")
    assert filtered["finish_reason"] == "content_filter"
    assert (filtered["message"]["content"], filtered["message"]["refusal"]) == ("So", "Why.")
    assert written(Answer((), "length"))["choices"][0]["message"]["content"] == ""


def test_every_reason_to_stop_has_its_word() -> None:
    assert FINISH.keys() == set(get_args(Stop))
    assert {FINISH[stop] for stop in FINISH} == {"stop", "length", "tool_calls", "content_filter"}


@pytest.mark.parametrize(
    ("tier", "told"), [(None, {}), ("standard", {"service_tier": "default"}), ("flex", None)]
)
def test_the_tier_is_told_where_it_is_known(tier: str | None, told: Any) -> None:
    fields = written(Answer((Text("a"),), "stop", report=Report(service_tier=tier)))

    assert fields["usage"] is None
    expected = {"service_tier": tier} if told is None else told
    assert {k: v for k, v in fields.items() if k == "service_tier"} == expected


def test_an_answer_reads_as_it_was_written() -> None:
    answer = Answer((Thinking("hm"), Text("Hi"), PARIS), "tool", report=USED)

    read = decode_answer(encode_answer(answer, FRAME))

    assert (read.blocks, read.stop, read.report.usage) == (answer.blocks, "tool", USED.usage)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"error":{"message":"m"}}',
        b'{"choices":[]}',
        b'{"choices":[{"message":{"content":7}}]}',
        b'{"choices":[{"message":{"content":"a"},"finish_reason":"error"}]}',
        b'{"choices":[{"message":{}},{"message":{}}]}',
    ],
)
def test_what_is_no_answer_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        decode_answer(body)


def test_a_stream_says_role_id_type_and_name_once() -> None:
    said = deltas(
        Began(0, Text("")),
        Grew(0, "He"),
        Grew(0, "y"),
        Ended(0),
        Began(1, ToolUse("call_1", "f", "")),
        Grew(1, '{"a"'),
        Began(2, ToolUse("call_2", "g", "")),
        Grew(1, ":1}"),
        Ended(1),
        Ended(2),
        Stopped("tool"),
    )

    assert [choice["delta"] for choice in said] == [
        {"role": "assistant", "content": ""},
        {"content": "He"},
        {"content": "y"},
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "f", "arguments": ""},
                }
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]},
        {
            "tool_calls": [
                {
                    "index": 1,
                    "id": "call_2",
                    "type": "function",
                    "function": {"name": "g", "arguments": ""},
                }
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        {},
    ]
    assert [choice["finish_reason"] for choice in said] == [None] * 8 + ["tool_calls"]


def test_a_streams_signatures_come_when_their_blocks_are_whole() -> None:
    said = deltas(
        Began(0, Thinking("h")),
        Grew(0, "m"),
        Signed(0, "s", "anthropic"),
        Ended(0),
        Began(1, RedactedThinking("x", "anthropic")),
        Ended(1),
        Began(2, ToolUse("c", "note", "fr", custom=True)),
        Grew(2, "ee"),
        Signed(2, "c2ln", "gemini"),
        Ended(2),
    )

    assert [choice["delta"] for choice in said][1:] == [
        {"reasoning_content": "h"},
        {"reasoning_content": "m"},
        {
            "reasoning_details": [
                {
                    "type": "reasoning.text",
                    "text": "hm",
                    "signature": "s",
                    "format": "anthropic",
                    "index": 0,
                }
            ]
        },
        {
            "reasoning_details": [
                {"type": "reasoning.encrypted", "data": "x", "format": "anthropic", "index": 1}
            ]
        },
        {
            "tool_calls": [
                {"index": 0, "id": "c", "type": "custom", "custom": {"name": "note", "input": "fr"}}
            ]
        },
        {"tool_calls": [{"index": 0, "custom": {"input": "ee"}}]},
        {"tool_calls": [{"index": 0, "extra_content": {"google": {"thought_signature": "c2ln"}}}]},
    ]


def test_a_stream_tells_why_it_was_filtered() -> None:
    said = deltas(Began(0, Refusal("No")), Ended(0), Stopped("filtered", explanation="Why."))

    assert [choice["delta"] for choice in said][1:] == [{"refusal": "No"}, {"refusal": "Why."}, {}]
    assert said[-1]["finish_reason"] == "content_filter"


def test_what_waits_for_the_charge_is_the_usage_the_metadata_and_the_end() -> None:
    def finish(report: Report, metadata: Any, *, wants_usage: bool) -> list[bytes]:
        encoder = ChatEncoder(FRAME, wants_usage=wants_usage)
        return encoder.finish(report, metadata).split(b"\n\n")[:-1]

    done = b"data: [DONE]"
    assert finish(USED, None, wants_usage=False) == [done]
    assert finish(Report(), None, wants_usage=True) == [done]
    usage, end = finish(USED, {"a": 1}, wants_usage=True)
    assert end == done
    chunk = json.loads(usage[6:])
    assert (chunk["choices"], chunk["metadata"]) == ([], {"a": 1})
    assert chunk["usage"]["total_tokens"] == 1_080
    assert (chunk["id"], chunk["object"]) == ("chatcmpl-7", "chat.completion.chunk")
    bare = json.loads(finish(USED, {"a": 1}, wants_usage=False)[0][6:])
    assert "usage" not in bare
