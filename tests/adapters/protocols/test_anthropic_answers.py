"""Anthropic's answers, whole, from and to canonical form; the vendor's library reads ours."""

import json
from typing import Any

import anthropic
import pytest

from adapters.protocols.anthropic.answer import decode_answer, encode_answer
from adapters.protocols.anthropic.foreign import wrap
from adapters.protocols.canonical.answer import Answer, Frame, MalformedAnswerError
from adapters.protocols.canonical.blocks import (
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolUse,
)
from domain.metering import Report
from domain.usage import exclusive
from tests.upstreams.anthropic_answers import usage_of

FRAME = Frame("0198", "m", 1_795_197_560)
USED = exclusive(input=100, cached_input=900, cache_write_5m=50, output=20, reasoning=10)


def read(**fields: Any) -> Answer:
    body = {"type": "message", "content": [], "stop_reason": "end_turn", **fields}
    return decode_answer(json.dumps(body).encode())


def written(answer: Answer) -> anthropic.types.Message:
    body = encode_answer(answer, FRAME)
    return anthropic.types.Message.model_validate(json.loads(body))


def test_a_message_is_read_block_by_block_with_its_usage() -> None:
    answer = read(
        content=[
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
            {"type": "thinking", "thinking": "hm", "signature": ""},
            {"type": "redacted_thinking", "data": "sealed"},
            {"type": "text", "text": "Hi ☃", "citations": None},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": ["é", 1.5, None]}},
        ],
        stop_reason="stop_sequence",
        stop_sequence="END",
        usage=usage_of(100, 30, cached=900, written_5m=50, thinking=10),
    )

    assert answer.blocks == (
        Thinking("hm", "c2ln", "anthropic"),
        Thinking("hm"),
        RedactedThinking("sealed", "anthropic"),
        Text("Hi ☃"),
        ToolUse("toolu_1", "f", '{"a":["é",1.5,null]}'),
    )
    assert (answer.stop, answer.stop_sequence) == ("stop_sequence", "END")
    assert answer.report.usage == USED


STOPS = (
    ("end_turn", "stop"),
    ("stop_sequence", "stop_sequence"),
    ("max_tokens", "length"),
    ("model_context_window_exceeded", "context_full"),
    ("tool_use", "tool"),
    ("refusal", "filtered"),
    ("pause_turn", "paused"),
)


@pytest.mark.parametrize(("reason", "stop"), STOPS)
def test_every_reason_to_stop_is_known_both_ways(reason: str, stop: Any) -> None:
    assert read(stop_reason=reason).stop == stop
    assert written(Answer((), stop)).stop_reason == reason


def test_a_refusal_says_why() -> None:
    details = {"type": "refusal", "category": None, "explanation": "Not this."}

    assert read(stop_reason="refusal", stop_details=details).explanation == "Not this."
    told = written(Answer((Refusal("No."),), "stop", explanation="Not this.")).stop_details
    assert told is not None
    assert told.explanation == "Not this."


@pytest.mark.parametrize(
    "fields",
    [
        {"content": None},
        {"content": [5]},
        {"content": [{"type": "server_tool_use", "id": "1"}]},
        {"content": [{"type": "text"}]},
        {"content": [{"type": "text", "text": 5}]},
        {"content": [{"type": "tool_use", "id": "1", "name": "f", "input": []}]},
        {"content": [{"type": "thinking", "thinking": "x", "signature": 5}]},
        {"stop_reason": None},
        {"stop_reason": "unheard_of"},
        {"stop_reason": ["end_turn"]},
        {"stop_sequence": 5},
    ],
)
def test_what_makes_no_sense_is_no_answer(fields: dict[str, Any]) -> None:
    with pytest.raises(MalformedAnswerError):
        read(**fields)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"'])
def test_what_is_no_message_is_no_answer(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        decode_answer(body)


def test_an_answer_is_written_as_the_vendor_reads_it() -> None:
    message = written(
        Answer(
            (
                Thinking("hm", "c2ln", "anthropic"),
                Thinking("plain"),
                Text("Hi"),
                ToolUse("call_1", "f", '{"a":1}'),
                ToolUse("call_2", "f", ""),
            ),
            "tool",
            report=Report(USED),
        )
    )

    assert (message.id, message.model, message.role) == ("msg_0198", "m", "assistant")
    assert [block.model_dump() for block in message.content] == [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "thinking", "thinking": "plain", "signature": ""},
        {"type": "text", "text": "Hi", "citations": None},
        {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}, "caller": None,
         "toolset_name": None},
        {"type": "tool_use", "id": "call_2", "name": "f", "input": {}, "caller": None,
         "toolset_name": None},
    ]  # fmt: skip
    assert (message.stop_reason, message.stop_sequence) == ("tool_use", None)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (100, 30)
    assert message.usage.cache_read_input_tokens == 900


def test_foreign_signatures_come_along_with_their_issuer() -> None:
    answer = Answer(
        (
            Thinking("hm", "x", "gemini"),
            RedactedThinking("sealed", "bedrock"),
            ToolUse("call_1", "f", "{}", signature="y", issuer="gemini"),
        ),
        "tool",
    )

    content = json.loads(encode_answer(answer, FRAME))["content"]

    assert content[0]["signature"] == wrap("gemini", "x")
    assert content[1]["data"] == wrap("bedrock", "sealed")
    assert content[2] == {"type": "redacted_thinking", "data": wrap("gemini", "y", "call_1")}
    assert content[3]["type"] == "tool_use"


@pytest.mark.parametrize("arguments", ["not json", "[1]", '{"cut'])
def test_arguments_that_are_no_object_are_not_lost(arguments: str) -> None:
    answer = Answer((ToolUse("call_1", "f", arguments),), "tool")

    assert json.loads(encode_answer(answer, FRAME))["content"][0]["input"] == {"input": arguments}


def test_without_a_report_the_usage_is_zero() -> None:
    usage = written(Answer((Text("Hi"),), "stop")).usage

    assert (usage.input_tokens, usage.output_tokens) == (0, 0)
