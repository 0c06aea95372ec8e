"""Upstream failures, sorted: what the caller is told, and whether another route may do better."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from adapters.upstreams.answers import read_body
from adapters.upstreams.failures import failure_of_answer, failure_of_transport
from adapters.upstreams.openai import read_fault, whole_chat
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
    ("header", "seconds"), [("7", 7), ("0", 1), ("900", 60), ("soon", 1), ("", 1)]
)
def test_retry_after_is_honoured_within_bounds(header: str, seconds: int) -> None:
    failure = sorted_out(
        httpx.Response(429, headers={"retry-after": header.encode()}, stream=Body())
    )

    assert failure.cool_seconds == seconds


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


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'{"id": "x"}'])
def test_an_answer_that_is_no_completion_is_malformed(body: bytes) -> None:
    async def scenario() -> None:
        whole_chat(await read_body(httpx.Response(200, stream=Body(body))))

    with pytest.raises(AttemptError) as raised:
        asyncio.run(scenario())

    assert raised.value.outcome == "malformed"
