"""Whole responses of an upstream, as they are passed on."""

import json
from typing import Any

import pytest

from adapters.upstreams.openai_responses import whole_response
from domain.upstream import AttemptError

OUTPUT = [
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm, "}]},
    {"type": "message", "content": [{"type": "output_text", "text": "Paris "}, 3]},
    {"type": "message", "content": [{"type": "refusal", "refusal": "or not. "}]},
    {"type": "function_call", "name": "f", "arguments": "{}"},
    {"type": "custom_tool_call", "name": "g", "input": " text"},
    "odd",
]


def body_of(**changes: Any) -> bytes:
    usage = {"input_tokens": 3, "output_tokens": 2}
    fields = {"status": "completed", "output": OUTPUT, "usage": usage, "service_tier": "flex"}
    return json.dumps(fields | changes).encode()


def test_it_is_passed_on_as_it_came_and_its_usage_is_read() -> None:
    answer = whole_response(body_of())

    assert answer.body == body_of()
    assert answer.report.usage is not None
    assert answer.report.usage.buckets == {"input": 3, "output": 2}
    assert answer.report.service_tier == "flex"


def test_what_it_says_can_be_counted() -> None:
    said = whole_response(body_of()).produced
    silent = whole_response(body_of(output=None, status="incomplete")).produced

    assert said.anything()
    assert 8 <= said.tokens() <= 12
    assert (silent.anything(), silent.tokens()) == (False, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", body_of(status="failed"), body_of(status="queued"), b'{"output": []}',
        body_of(status={}), body_of(status=["completed"]), body_of(error={"message": "secret"}),
    ],
)  # fmt: skip
def test_what_is_no_finished_response_is_a_failed_attempt(body: bytes) -> None:
    with pytest.raises(AttemptError) as failed:
        whole_response(body)

    assert failed.value.outcome == "malformed"
    assert failed.value.elsewhere
