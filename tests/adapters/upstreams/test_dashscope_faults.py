"""Whose fault it is when DashScope fails: the request's, ours, or its own; and what that means."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from domain.errors import (
    GatewayError,
    UpstreamError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
)
from domain.upstream import AttemptError, BrokenAnswerError
from tests.adapters.upstreams.dashscope_calls import READ_SECONDS, chat, native, sent
from tests.scripted_answers import STREAM_HEAD, framed
from tests.scripted_upstream import CLOSE, RESET, Answer, ScriptedUpstream, Step, raw, sse
from tests.upstreams.dashscope_answers import (
    echo,
    error,
    error_body,
    error_event,
    event,
)


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(echo()) as upstream:
        yield upstream


MESSAGE = {"result_format": "message"}
FAULTS: dict[str, tuple[Answer, str, type[GatewayError], bool]] = {
    "400": (error(400, "InvalidParameter"), "status_400", UpstreamRejectedError, False),
    "400 of our own making": (error(400, "Arrearage"), "status_400", UpstreamError, True),
    "401": (error(401, "InvalidApiKey"), "status_401", UpstreamError, True),
    "403 of our own making": (error(403, "AccessDenied"), "status_403", UpstreamError, True),
    "429": (error(429, "Throttling.RateQuota", **{"retry-after": "7"}), "status_429",
            UpstreamRateLimitedError, True),
    "500": (error(500, "InternalError"), "status_500", UpstreamError, True),
    "529": (error(529, "Overloaded"), "status_529", UpstreamError, True),
    "504": (error(504, "RequestTimeOut"), "status_504", UpstreamTimeoutError, True),
    "a 429 told as a success": (error(200, "Throttling"), "status_429",
                                UpstreamRateLimitedError, True),
    "a 400 told as a success": (error(200, "DataInspectionFailed"), "status_400",
                                UpstreamRejectedError, False),
    "a 500 told as a success": (error(200, "Whatever"), "status_500", UpstreamError, True),
    "no answer": (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), "malformed",
                  UpstreamError, True),
    "no JSON": (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n<>"), "malformed",
                UpstreamError, True),
    "silence": (raw(2.0), "timeout", UpstreamTimeoutError, True),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("request_of", [native, chat], ids=["native", "converted"])
def test_a_fault_is_sorted_by_whose_it_is(
    upstream: ScriptedUpstream, request_of: Callable[[], Any], fault: str
) -> None:
    answer, outcome, told, elsewhere = FAULTS[fault]
    upstream.script(answer)

    with pytest.raises(AttemptError) as failed:
        sent(upstream, request_of())

    assert (failed.value.outcome, failed.value.elsewhere) == (outcome, elsewhere)
    assert type(failed.value.error) is told


def test_how_long_to_wait_is_heard(upstream: ScriptedUpstream) -> None:
    upstream.script(FAULTS["429"][0])

    with pytest.raises(AttemptError) as failed:
        sent(upstream, native())

    assert failed.value.error.retry_after == 7


STREAM_FAULTS: dict[str, tuple[Answer, str]] = {
    "an error event": (error_event(429, "Throttling"), "stream_error"),
    "an error as a whole answer": (error(200, "Throttling"), "stream_empty"),
    "nothing": (sse(), "stream_empty"),
    "nonsense": (sse(b"data:nonsense\n\n"), "stream_error"),
    "an error of status 500, told as an event": (
        raw(b"HTTP/1.1 500 No\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n%b"
            % (len(told := b"id:1\nevent:error\ndata:" + json.dumps(error_body("X")).encode()),
               told)),
        "status_500",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", STREAM_FAULTS, ids=str)
@pytest.mark.parametrize("request_of", [native, chat], ids=["native", "converted"])
def test_a_stream_that_never_begins_can_go_elsewhere(
    upstream: ScriptedUpstream, request_of: Callable[..., Any], fault: str
) -> None:
    answer, outcome = STREAM_FAULTS[fault]
    upstream.script(answer)

    with pytest.raises(AttemptError) as failed:
        sent(upstream, request_of(stream=True))

    assert failed.value.outcome == outcome


BEGUN = event(1, {"choices": [{"message": {"content": "one"}, "finish_reason": "null"}]}, None)
BREAKS: dict[str, tuple[list[Step], type[GatewayError]]] = {
    "a reset": ([RESET], UpstreamError),
    "a close": ([CLOSE], UpstreamError),
    "a polite end": ([b"0\r\n\r\n"], UpstreamError),
    "silence": ([READ_SECONDS * 3], UpstreamTimeoutError),
    "nonsense": ([framed(b"data:nonsense\n\n"), b"0\r\n\r\n"], UpstreamError),
}


@pytest.mark.parametrize("fault", [*BREAKS, "an error event"])
@pytest.mark.parametrize("request_of", [native, chat], ids=["native", "converted"])
def test_a_stream_that_breaks_midway_says_so(
    upstream: ScriptedUpstream, request_of: Callable[..., Any], fault: str
) -> None:
    steps, told = BREAKS.get(fault, ([], UpstreamError))
    answer = raw(STREAM_HEAD, framed(BEGUN), 0.05, *steps)
    upstream.script(answer if steps else error_event(500, "InternalError", ["one ", "two"]))

    with pytest.raises(BrokenAnswerError) as broken:
        sent(upstream, request_of(stream=True, **({} if request_of is chat else MESSAGE)))

    assert type(broken.value.error) is told


@pytest.mark.parametrize("fault", [*BREAKS, "an error event"])
def test_a_stream_that_breaks_before_anybody_saw_it_can_go_elsewhere(
    upstream: ScriptedUpstream, fault: str
) -> None:
    steps, _ = BREAKS.get(fault, ([], UpstreamError))
    answer = raw(STREAM_HEAD, framed(BEGUN), 0.05, *steps)
    upstream.script(answer if steps else error_event(500, "InternalError", ["one ", "two"]))

    with pytest.raises(AttemptError):
        sent(upstream, chat(reasoning_effort="low"))


def test_the_code_of_an_error_told_as_an_event_is_heard(upstream: ScriptedUpstream) -> None:
    told = b"id:1\nevent:error\ndata:" + json.dumps(error_body("Arrearage")).encode() + b"\n\n"
    head = b"HTTP/1.1 400 No\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n"
    upstream.script(raw(head % len(told) + told))

    with pytest.raises(AttemptError) as failed:
        sent(upstream, native(stream=True))

    assert type(failed.value.error) is UpstreamError
    assert failed.value.elsewhere
