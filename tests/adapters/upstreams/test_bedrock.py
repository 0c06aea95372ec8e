"""Bedrock over HTTP: where requests go, who they say they are from, and what refusals mean."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from adapters.upstreams.bedrock import BedrockCodec, bedrock_dialect, read_fault
from adapters.upstreams.dialect import Outgoing
from adapters.upstreams.failures import failure_of_answer
from adapters.upstreams.sigv4 import AwsKeys, sign
from domain.catalog import Route
from domain.errors import (
    UpstreamError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
)
from domain.upstream import AttemptError
from tests.adapters.protocols.some_conversations import asking

URL = "https://bedrock-runtime.us-east-1.amazonaws.com"
MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ROUTE = Route("bedrock", MODEL)
KEYS = AwsKeys("AKID", "secret", "us-east-1")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def outgoing(credentials: AwsKeys | str, route: Route = ROUTE, *, stream: bool = False) -> Outgoing:
    codec = BedrockCodec(URL + "/", credentials, lambda: NOW)
    fields = codec.encode(asking(), route, output_cap=9, stream=stream)
    return codec.outgoing(fields, route, stream=stream)


def test_a_request_goes_to_its_models_method_with_the_id_quoted() -> None:
    quoted = MODEL.replace(":", "%3A")
    assert str(outgoing(KEYS).url) == f"{URL}/model/{quoted}/converse"
    assert str(outgoing(KEYS, stream=True).url) == f"{URL}/model/{quoted}/converse-stream"
    arn = outgoing(KEYS, Route("bedrock", "arn:aws:bedrock:x:1:inference-profile/a"))
    assert arn.url.raw_path.endswith(
        b"/arn%3Aaws%3Abedrock%3Ax%3A1%3Ainference-profile%2Fa/converse"
    )


def test_a_request_is_signed_as_it_goes_out() -> None:
    sent = outgoing(KEYS)

    assert orjson.loads(sent.body)["inferenceConfig"] == {"maxTokens": 9}
    assert sent.headers == sign(sent.url, sent.body, KEYS, "bedrock", NOW)


def test_a_bedrock_key_goes_as_it_is() -> None:
    assert dict(outgoing("bedrock-key").headers) == {
        b"content-type": b"application/json",
        b"authorization": b"Bearer bedrock-key",
    }


def test_by_the_clock_of_now_unless_told_another() -> None:
    codec = BedrockCodec(URL, KEYS)
    headers = dict(codec.outgoing({}, ROUTE, stream=False).headers)
    assert headers[b"x-amz-date"][:2] == b"20"


def test_every_surface_is_converted() -> None:
    dialect = bedrock_dialect(URL, KEYS)
    assert not dialect.native
    assert dialect.converting is not None


def failure(status: int, name: str = "", body: Any = None, **headers: str) -> AttemptError:
    if name:
        headers["x-amzn-ErrorType"] = f"{name}:http://internal.amazon.com/"
    answer = httpx.Response(status, headers=headers, content=orjson.dumps(body or {"message": "m"}))
    return asyncio.run(failure_of_answer(answer, read_fault))


@pytest.mark.parametrize(
    ("status", "name", "error", "elsewhere"),
    [
        (400, "ValidationException", UpstreamRejectedError, False),
        (400, "ServiceQuotaExceededException", UpstreamError, True),
        (403, "AccessDeniedException", UpstreamError, True),
        (403, "ExpiredTokenException", UpstreamError, True),
        (404, "ResourceNotFoundException", UpstreamRejectedError, False),
        (408, "ModelTimeoutException", UpstreamTimeoutError, True),
        (424, "ModelErrorException", UpstreamError, True),
        (429, "ThrottlingException", UpstreamRateLimitedError, True),
        (429, "ModelNotReadyException", UpstreamRateLimitedError, True),
        (500, "InternalServerException", UpstreamError, True),
        (503, "ServiceUnavailableException", UpstreamError, True),
        (529, "", UpstreamError, True),
    ],
)
def test_every_exception_has_its_outcome(
    status: int, name: str, error: type[Exception], elsewhere: bool
) -> None:
    found = failure(status, name)
    assert (type(found.error), found.elsewhere) == (error, elsewhere)
    assert found.outcome == f"status_{status}"


def test_what_was_rejected_is_told_by_its_short_name_only() -> None:
    named = failure(400, "ValidationException").error
    assert isinstance(named, UpstreamRejectedError)
    body = {"__type": "com.amazon.coral#ValidationException", "message": "secret"}
    for found in (named, failure(400, body=body).error):
        assert "(400: ValidationException)" in str(found)
        assert "secret" not in str(found)


@pytest.mark.parametrize("body", [[], 7, {"__type": 7}, "text"])
def test_an_error_that_is_none_has_no_name(body: Any) -> None:
    assert read_fault(body, httpx.Headers()).code is None


def test_a_throttled_call_waits_as_long_as_the_header_says() -> None:
    assert failure(429, "ThrottlingException", **{"retry-after": "9"}).cool_seconds == 9
