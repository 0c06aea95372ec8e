"""Upstream failures, sorted: what the caller is told, and whether another route may do better."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import orjson
import pytest
from hypothesis import given, strategies as st

from adapters.upstreams.answers import read_body
from adapters.upstreams.failures import failure_of_answer, failure_of_transport
from adapters.upstreams.openai import read_fault
from adapters.upstreams.openai_chat import whole_chat
from adapters.upstreams.retry_after import seconds_to_wait
from domain.errors import (
    UpstreamError,
    UpstreamFailureError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
)
from domain.upstream import AttemptError

SECRET = "org-secret account sk-live"


class Body(httpx.AsyncByteStream):
    def __init__(self, *parts: bytes) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


def answer(status: int, error: object = None, **headers: str) -> httpx.Response:
    body = orjson.dumps({"error": error or {"message": SECRET}})
    return httpx.Response(status, headers=headers, stream=Body(body))


def sorted_out(response: httpx.Response) -> AttemptError:
    return asyncio.run(failure_of_answer(response, read_fault))


@pytest.mark.parametrize(
    ("status", "error", "elsewhere"),
    [
        (400, UpstreamRejectedError, False),
        (404, UpstreamRejectedError, False),
        (422, UpstreamRejectedError, False),
        (401, UpstreamError, True),
        (402, UpstreamError, True),
        (403, UpstreamError, True),
        (408, UpstreamTimeoutError, True),
        (429, UpstreamRateLimitedError, True),
        (500, UpstreamError, True),
        (503, UpstreamError, True),
        (504, UpstreamTimeoutError, True),
        (529, UpstreamError, True),
        (302, UpstreamError, True),
    ],
)
def test_a_status_decides(status: int, error: type[UpstreamFailureError], elsewhere: bool) -> None:
    failure = sorted_out(answer(status))

    assert type(failure.error) is error
    assert failure.elsewhere is elsewhere
    assert failure.outcome == f"status_{status}"
    assert bool(failure.cool_seconds) is elsewhere
    assert SECRET not in str(failure.error)


def test_only_short_codes_of_an_upstreams_error_are_let_through() -> None:
    named = sorted_out(
        answer(400, {"code": "unknown_tool", "param": "tools[0]", "message": SECRET})
    )
    long = sorted_out(answer(400, {"code": SECRET, "param": ["x"]}))

    assert "unknown_tool" in str(named.error)
    assert isinstance(named.error, UpstreamRejectedError)
    assert named.error.param == "tools[0]"
    assert SECRET not in str(long.error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7), ("0", 1), ("900", 60), ("soon", 1), ("", 1), (" 7 ", 7), ("-1", 1),
        ("30.5", 31), ("30.", 30), ("0.2", 1), ("1e1", 1), ("inf", 1), ("nan", 1),
        pytest.param("9" * 5000, 60, id="very long"),
        ("Sat, 21 Nov 2026 12:00:20 GMT", 20),
        ("Sat, 21 Nov 2026 13:00:00 +0100", 1),
        ("Sat, 21 Nov 2026 13:00:00 GMT", 60),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 1),
        ("Sat, 21 Nov 2026 12:00:20 +99999999999999", 1),
        ("Sat, 21 Nov 99999999999999999999 12:00:20 GMT", 1),
    ],
)  # fmt: skip
def test_retry_after_is_honoured_within_bounds(header: str, seconds: int) -> None:
    headers = {"retry-after": header, "date": "Sat, 21 Nov 2026 12:00:00 GMT"}

    failure = sorted_out(httpx.Response(429, headers=headers, stream=Body()))

    assert failure.cool_seconds == seconds


def test_without_the_servers_clock_a_date_goes_by_ours() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)

    failure = sorted_out(httpx.Response(429, headers={"retry-after": soon}, stream=Body()))

    assert 25 <= failure.cool_seconds <= 30


@given(st.text(), st.text())
def test_no_retry_after_whatever_does_harm(retry_after: str, date: str) -> None:
    assert 1 <= seconds_to_wait(retry_after, date) <= 60


def test_our_own_empty_account_upstream_is_not_the_customers_rate_limit() -> None:
    failure = sorted_out(answer(429, {"code": "insufficient_quota"}))

    assert type(failure.error) is UpstreamError


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 5}', b"x" * 100_000])
def test_an_error_that_is_no_json_is_sorted_by_its_status_alone(body: bytes) -> None:
    failure = sorted_out(httpx.Response(500, stream=Body(body)))

    assert failure.outcome == "status_500"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (httpx.ConnectError("x"), "not_sent"),
        (httpx.ConnectTimeout("x"), "not_sent"),
        (httpx.UnsupportedProtocol("x"), "not_sent"),
        (httpx.ReadTimeout("x"), "timeout"),
        (httpx.ReadError("x"), "connection_lost"),
        (httpx.RemoteProtocolError("x"), "connection_lost"),
    ],
)
def test_what_fails_below_http_is_sorted_by_whether_it_was_sent(
    error: httpx.TransportError, outcome: str
) -> None:
    assert failure_of_transport(error).outcome == outcome


ANSWERED = {"message": {"content": "Hi"}, "finish_reason": "stop"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"5", b'{"id": "x"}', b'{"choices": null}', b'{"choices": []}',
        b'{"choices": {}}', b'{"choices": ["x"]}',
        orjson.dumps({"choices": None, "error": {"message": SECRET}}),
        orjson.dumps({"choices": [ANSWERED], "error": {"message": SECRET}}),
        orjson.dumps({"choices": [ANSWERED], "object": "error", "message": SECRET}),
        orjson.dumps({"choices": [ANSWERED, {**ANSWERED, "error": {"message": SECRET}}]}),
        orjson.dumps({"choices": [ANSWERED, {**ANSWERED, "finish_reason": "error"}]}),
        orjson.dumps({"choices": [{**ANSWERED, "finish_reason": "abort"}]}),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_completion_is_malformed(body: bytes) -> None:
    async def scenario() -> None:
        whole_chat(await read_body(httpx.Response(200, stream=Body(body))))

    with pytest.raises(AttemptError) as raised:
        asyncio.run(scenario())

    assert raised.value.outcome == "malformed"


@pytest.mark.parametrize("reason", ["stop", "length", "function_call", "new", None, {}, 3])
def test_any_other_reason_to_finish_is_an_answer(reason: object) -> None:
    body = orjson.dumps({"choices": [{**ANSWERED, "finish_reason": reason}], "error": None})

    assert whole_chat(body).body == body
