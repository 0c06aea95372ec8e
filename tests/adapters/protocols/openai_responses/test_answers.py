"""Whole responses, written for callers and read from upstreams."""

import json
from typing import Any

import pytest
from openai.types.responses import Response

from adapters.protocols.canonical.answer import MalformedAnswerError
from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from adapters.protocols.openai_responses.answer import decode_answer
from adapters.protocols.openai_responses.sealed import ISSUER
from domain.metering import Report
from tests.adapters.protocols.openai_responses.samples import (
    BLOCKS,
    CODEX,
    FRAME,
    GOLDEN,
    PATCH,
    WEATHER,
    Json,
    answer_of,
    request_of,
)


def written(*blocks: Any, stop: Any = "stop", body: Json = GOLDEN, **changes: Any) -> Json:
    raw = request_of(body, **changes).encode_answer(answer_of(*blocks, stop=stop), FRAME)
    # OpenAI's own type finds every key that it demands.
    Response.model_validate_json(raw)
    fields: Json = json.loads(raw)
    return fields


def test_a_response_says_who_it_is_and_what_was_asked() -> None:
    fields = written(Text("18 degrees."), metadata={"a": "b"})

    assert fields["id"] == "resp_0f9d"
    assert (fields["object"], fields["created_at"]) == ("response", 1_700_000_000)
    assert (fields["model"], fields["status"]) == ("small", "completed")
    assert (fields["store"], fields["error"], fields["incomplete_details"]) == (False, None, None)
    assert (fields["instructions"], fields["max_output_tokens"]) == ("Be brief.", 100)
    assert (fields["tools"], fields["tool_choice"]) == ([WEATHER], "auto")
    assert fields["metadata"] == {"a": "b"}
    assert fields["text"] == {"format": {"type": "text"}}
    assert fields["output"] == [
        {
            "type": "message",
            "id": "msg_0f9d_0",
            "role": "assistant",
            "status": "completed",
            "content": [
                {
                    "type": "output_text",
                    "text": "18 degrees.",
                    "annotations": [],
                    "logprobs": [],
                }
            ],
        }
    ]


def test_usage_is_the_one_of_the_golden_vector() -> None:
    assert written(Text("Hi"))["usage"] == {
        "input_tokens": 1050,
        "input_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 50},
        "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 10},
        "total_tokens": 1080,
    }


@pytest.mark.parametrize(
    ("stop", "status", "reason"),
    [
        ("stop", "completed", None),
        ("stop_sequence", "completed", None),
        ("tool", "completed", None),
        ("paused", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("context_full", "incomplete", "max_output_tokens"),
        ("filtered", "incomplete", "content_filter"),
    ],
)
def test_why_an_answer_stopped(stop: str, status: str, reason: str | None) -> None:
    fields = written(Text("Hi"), stop=stop)

    assert fields["status"] == status
    assert fields["incomplete_details"] == (reason and {"reason": reason})


def test_every_block_is_an_item_and_signatures_go_along() -> None:
    output = written(*BLOCKS)["output"]

    kinds = [item["type"] for item in output]
    assert kinds == [
        "reasoning",
        "reasoning",
        "message",
        "message",
        "function_call",
        "reasoning",
        "custom_tool_call",
        "message",
    ]
    assert [item["id"].rpartition("_")[2] for item in output] == list("01234567")
    assert output[0]["summary"] == [{"type": "summary_text", "text": "Hm, Paris."}]
    assert output[4]["arguments"] == '{"city":"Paris"}'
    assert output[6]["input"] == "*** Begin"
    assert output[7]["content"] == [{"type": "refusal", "refusal": "Not that."}]


def test_what_was_answered_comes_back_as_it_was() -> None:
    output = written(*BLOCKS)["output"]
    results = [
        {"type": "function_call_output", "call_id": "call_1", "output": "18C"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "done"},
    ]

    (turn, _) = request_of(input=[*output, *results]).conversation().turns

    assert turn.blocks == BLOCKS


def test_calls_have_the_names_that_the_caller_gave() -> None:
    space = {"type": "namespace", "name": "crm", "description": "d", "tools": [WEATHER, PATCH]}

    call, other = written(
        ToolUse("c1", "crm__get_weather", "{}"), ToolUse("c2", "shell", "{}"), tools=[space]
    )["output"]

    assert (call["namespace"], call["name"]) == ("crm", "get_weather")
    assert (other.get("namespace"), other["name"]) == (None, "shell")


def test_unreported_usage_is_no_usage() -> None:
    answer = answer_of(Text("Hi")).__class__((Text("Hi"),), "stop", report=Report())

    assert json.loads(request_of().encode_answer(answer, FRAME))["usage"] is None


def test_the_form_that_was_asked_for_is_repeated_with_the_verbosity() -> None:
    assert written(body=CODEX)["text"] == {"format": {"type": "text"}, "verbosity": "low"}


REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "Hm."}, {"type": "summary_text", "text": "So."}],
    "encrypted_content": "gAAAA",
}
UPSTREAM: Json = {
    "id": "resp_1",
    "status": "completed",
    "output": [
        REASONING,
        {"type": "reasoning", "summary": [], "encrypted_content": "gBBBB"},
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "x"}]},
        {"type": "reasoning", "summary": []},
        {"type": "web_search_call", "id": "ws_1"},
        {
            "type": "message",
            "content": [
                {"type": "output_text", "text": "Hi", "annotations": []},
                {"type": "refusal", "refusal": "No."},
            ],
        },
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "text"},
    ],
    "usage": {"input_tokens": 9, "output_tokens": 4},
    "service_tier": "default",
}


def read(**changes: Any) -> Any:
    return decode_answer(json.dumps(UPSTREAM | changes).encode())


def test_an_upstreams_response_is_read_item_by_item() -> None:
    answer = read()

    assert answer.blocks == (
        Thinking("Hm.\n\nSo.", "gAAAA", ISSUER),
        RedactedThinking("gBBBB", ISSUER),
        Thinking("x"),
        Text("Hi"),
        Refusal("No."),
        ToolUse("c1", "f", "{}"),
        ToolUse("c2", "g", "text", custom=True),
    )
    assert answer.stop == "tool"
    assert answer.report.usage is not None
    assert answer.report.usage.buckets == {"input": 9, "output": 4}
    assert answer.report.service_tier == "standard"


@pytest.mark.parametrize(
    ("details", "stop"),
    [
        ({"reason": "max_output_tokens"}, "length"),
        ({"reason": "content_filter"}, "filtered"),
        (None, "length"),
    ],
)
def test_an_incomplete_response_says_why(details: object, stop: str) -> None:
    answer = read(status="incomplete", incomplete_details=details)

    assert answer.stop == stop


def test_a_response_without_calls_has_just_stopped() -> None:
    assert read(output=[]).stop == "stop"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failed"},
        {"status": "in_progress"},
        {"output": None},
        {"output": [{"type": "message"}]},
        {"output": [{"type": "message", "content": ["x"]}]},
        {"output": [{"type": "message", "content": [{"type": "output_text", "text": 1}]}]},
        {"output": [{"type": "function_call", "name": "f", "arguments": "{}"}]},
        {"output": [{"type": "function_call", "call_id": 1, "name": "f", "arguments": "{}"}]},
        {"output": [{"type": "reasoning", "summary": ["x"]}]},
        {"output": [{"type": "reasoning", "summary": 1}]},
    ],
)
def test_what_makes_no_sense_is_malformed(changes: Json) -> None:
    with pytest.raises(MalformedAnswerError):
        read(**changes)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b"null", b'{"status": {}, "output": []}', b'{"status": []}']
)
def test_what_is_no_response_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        decode_answer(body)


def test_an_item_of_no_kind_is_left_out() -> None:
    assert read(output=["x", {}]).blocks == ()
