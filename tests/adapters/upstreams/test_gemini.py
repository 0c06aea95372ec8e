"""Gemini over HTTP: where requests go, who they say they are from, and what refusals mean."""

import asyncio
from typing import Any

import httpx
import orjson
import pytest

from adapters.upstreams.dialect import Outgoing
from adapters.upstreams.failures import failure_of_answer
from adapters.upstreams.gemini import GeminiCodec, gemini_dialect, read_fault
from adapters.upstreams.gemini_server import GeminiServer
from domain.catalog import Route
from domain.errors import UpstreamError, UpstreamRateLimitedError, UpstreamRejectedError
from domain.upstream import AttemptError
from tests.adapters.protocols.some_conversations import asking

URL = "https://generativelanguage.googleapis.com/v1beta"
ROUTE = Route("gemini", "gemini-3-flash")
TYPES = "type.googleapis.com/google.rpc."


def outgoing(key: str | None = "k", route: Route = ROUTE, *, stream: bool = False) -> Outgoing:
    codec = GeminiCodec(GeminiServer(URL + "/", key))
    fields = codec.encode(asking(), route, output_cap=9, stream=stream)
    return codec.outgoing(fields, route, stream=stream)


def test_a_request_goes_to_its_models_method() -> None:
    models = f"{URL}/models"
    assert str(outgoing().url) == f"{models}/gemini-3-flash:generateContent"
    assert str(outgoing(stream=True).url) == (
        f"{models}/gemini-3-flash:streamGenerateContent?alt=sse"
    )
    prefixed = outgoing(route=Route("gemini", "models/a b"))
    assert str(prefixed.url) == f"{models}/a%20b:generateContent"


def test_a_request_says_who_sends_it_if_there_is_a_key() -> None:
    assert outgoing().headers == [
        (b"content-type", b"application/json"),
        (b"x-goog-api-key", b"k"),
    ]
    assert outgoing(None).headers == [(b"content-type", b"application/json")]
    assert orjson.loads(outgoing().body)["generationConfig"] == {"maxOutputTokens": 9}


def test_conversations_are_converted() -> None:
    assert gemini_dialect(URL, "k").converting is not None


def error(status: str, *details: Any) -> Any:
    told = [{"@type": TYPES + name, **fields} for name, fields in details]
    return {"error": {"code": 1, "message": "secret", "status": status, "details": told}}


def failure(status: int, body: Any) -> AttemptError:
    answer = httpx.Response(status, content=orjson.dumps(body))
    return asyncio.run(failure_of_answer(answer, read_fault))


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "INVALID_ARGUMENT", UpstreamRejectedError),
        (400, "FAILED_PRECONDITION", UpstreamError),
        (401, "UNAUTHENTICATED", UpstreamError),
        (403, "PERMISSION_DENIED", UpstreamError),
        (404, "NOT_FOUND", UpstreamRejectedError),
        (429, "RESOURCE_EXHAUSTED", UpstreamRateLimitedError),
        (500, "INTERNAL", UpstreamError),
        (503, "UNAVAILABLE", UpstreamError),
        (529, "", UpstreamError),
    ],
)
def test_every_status_has_its_outcome(status: int, name: str, kind: type[Exception]) -> None:
    for body in (error(name), [error(name)]):
        found = failure(status, body)
        assert type(found.error) is kind
        assert found.elsewhere == (kind is not UpstreamRejectedError)
        assert "secret" not in str(found.error)


def test_a_key_that_google_does_not_know_is_our_fault_and_not_the_requests() -> None:
    body = error("INVALID_ARGUMENT", ("ErrorInfo", {"reason": "API_KEY_INVALID"}))
    found = failure(400, body)

    assert type(found.error) is UpstreamError
    assert found.elsewhere
    assert found.cool_seconds == 60


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [("17s", 17), ("17.2s", 18), ("3.000s", 3), ("0s", 1), ("999s", 60), ("soon", 1), (7, 1)],
)
def test_a_rate_limit_says_when_to_come_back(delay: Any, seconds: int) -> None:
    quota = ("QuotaFailure", {"violations": []})
    body = error("RESOURCE_EXHAUSTED", quota, ("RetryInfo", {"retryDelay": delay}))

    for told in (body, [body]):
        assert failure(429, told).cool_seconds == seconds


@pytest.mark.parametrize("body", [[], [7], {}, {"error": "no"}, {"error": {"details": {}}}, "x"])
def test_an_error_that_is_none_says_nothing(body: Any) -> None:
    fault = read_fault(body, httpx.Headers())
    assert (fault.code, fault.retry_after, fault.ours) == (None, None, False)
