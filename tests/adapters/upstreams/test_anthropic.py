"""What is sent to Anthropic besides the body, and what its error answers are taken for."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from adapters.protocols.anthropic.request import decode_count, decode_request
from adapters.protocols.canonical.blocks import Text
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.upstreams.anthropic import AnthropicEndpoint, MessagesCodec, anthropic_dialect
from adapters.upstreams.anthropic_faults import read_fault
from adapters.upstreams.dialect import Fault
from adapters.upstreams.http_provider import HttpProvider
from domain.catalog import Route
from domain.errors import UpstreamError, UpstreamRateLimitedError, UpstreamRejectedError
from domain.upstream import AttemptError, UpstreamCall

ENDPOINT = AnthropicEndpoint("https://claude.test/", "sk-1")
ROUTE = Route("claude", "claude-sonnet-4-5")
HI: Any = [{"role": "user", "content": "Hi"}]
BODY = {"model": "m", "max_tokens": 9, "messages": HI}
MESSAGE = {"type": "message", "content": [], "stop_reason": "end_turn", "usage": {}}


def provider(status: int, body: Any, seen: list[httpx.Request] | None = None) -> HttpProvider:
    """One that answers everything so."""

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.Response(status, content=raw)

    return HttpProvider(anthropic_dialect(ENDPOINT), httpx.MockTransport(answer))


def sent(provider: HttpProvider, headers: dict[bytes, bytes] | None = None) -> Any:
    request = decode_request(json.dumps(BODY).encode(), headers or {})
    return asyncio.run(provider.send(UpstreamCall("id", "m", ROUTE, request, 7)))


def test_a_call_goes_out_as_it_came_with_our_model_cap_and_key() -> None:
    seen: list[httpx.Request] = []
    headers = {b"anthropic-version": b"2026-10-21", b"anthropic-beta": b"effort-2025-11-24"}

    sent(provider(200, MESSAGE, seen), headers)

    assert str(seen[0].url) == "https://claude.test/v1/messages"
    assert json.loads(seen[0].content) == {**BODY, "model": ROUTE.upstream_model, "max_tokens": 7}
    assert seen[0].headers["x-api-key"] == "sk-1"
    assert seen[0].headers["anthropic-version"] == "2026-10-21"
    assert seen[0].headers["anthropic-beta"] == "effort-2025-11-24"


def test_without_a_key_or_a_beta_none_is_sent() -> None:
    headers = dict(AnthropicEndpoint("https://claude.test", None).headers("2023-06-01"))

    assert headers == {
        b"content-type": b"application/json",
        b"anthropic-version": b"2023-06-01",
    }


@pytest.mark.parametrize(
    ("model", "options", "version"),
    [
        ("claude-sonnet-4-5", {}, b"2026-10-21"),
        ("claude-sonnet-4-5", {"temperature": 0.5}, b"2023-06-01"),
        ("qwen3-max", {}, b"2023-06-01"),
    ],
)
def test_the_version_is_the_one_that_takes_what_is_said(
    model: str, options: dict[str, Any], version: bytes
) -> None:
    codec, route = MessagesCodec(ENDPOINT), Route("claude", model)
    conversation = Conversation((Turn("user", (Text("Hi"),)),), options=options)

    fields = codec.encode(conversation, route, output_cap=5, stream=True)
    outgoing = codec.outgoing(fields, route, stream=True)

    assert dict(outgoing.headers)[b"anthropic-version"] == version
    assert json.loads(outgoing.body)["stream"] is True
    assert "stream" not in codec.encode(conversation, route, output_cap=5, stream=False)


@pytest.mark.parametrize(
    "body", [b"nope", b"[]", {"type": "message"}, {"type": "x", "content": []}]
)
def test_what_is_no_message_is_a_failure(body: Any) -> None:
    with pytest.raises(AttemptError) as caught:
        sent(provider(200, body))

    assert caught.value.outcome == "malformed"
    assert caught.value.elsewhere


def test_tokens_are_counted_by_the_provider() -> None:
    seen: list[httpx.Request] = []
    asked = decode_count(json.dumps({"model": "m", "messages": HI}).encode(), {})

    count = asyncio.run(provider(200, {"input_tokens": 12}, seen).count(asked, ROUTE))

    assert count == 12
    assert str(seen[0].url) == "https://claude.test/v1/messages/count_tokens"
    assert json.loads(seen[0].content) == {"model": ROUTE.upstream_model, "messages": HI}


@pytest.mark.parametrize("body", [b"nope", {}, {"input_tokens": "12"}, {"input_tokens": -1}])
def test_a_count_that_is_none_is_not_believed(body: Any) -> None:
    asked = decode_count(json.dumps({"model": "m", "messages": HI}).encode(), {})

    assert asyncio.run(provider(200, body).count(asked, ROUTE)) is None


def test_only_messages_can_be_counted() -> None:
    assert asyncio.run(provider(200, {"input_tokens": 12}).count(object(), ROUTE)) is None


def test_a_refused_count_is_a_failed_attempt() -> None:
    asked = decode_count(json.dumps({"model": "m", "messages": HI}).encode(), {})

    with pytest.raises(AttemptError):
        asyncio.run(provider(500, {}).count(asked, ROUTE))


def error(kind: str, message: str = "No.") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "elsewhere"),
    [
        (400, error("invalid_request_error"), UpstreamRejectedError, False),
        (
            400,
            error("invalid_request_error", "Your Credit Balance is too low."),
            UpstreamError,
            True,
        ),
        (400, error("billing_error"), UpstreamError, True),
        (402, error("billing_error"), UpstreamError, True),
        (401, error("authentication_error"), UpstreamError, True),
        (413, error("request_too_large"), UpstreamRejectedError, False),
        (429, error("rate_limit_error"), UpstreamRateLimitedError, True),
        (529, error("overloaded_error"), UpstreamError, True),
        (500, b"<html>", UpstreamError, True),
        (400, b"<html>", UpstreamRejectedError, False),
    ],
)
def test_a_failure_is_sorted(status: int, body: Any, kind: type, elsewhere: bool) -> None:
    with pytest.raises(AttemptError) as caught:
        sent(provider(status, body))

    assert type(caught.value.error) is kind
    assert caught.value.elsewhere is elsewhere


@pytest.mark.parametrize("fields", [None, [], 5, {"error": "no"}, {"error": {"type": 5}}])
def test_any_json_whatever_is_no_trouble(fields: Any) -> None:
    assert read_fault(fields, httpx.Headers()) == Fault()


NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def limits(**more: str) -> httpx.Headers:
    named = {f"anthropic-ratelimit-{name.replace('_', '-')}": value for name, value in more.items()}
    return httpx.Headers({"date": "Sat, 21 Nov 2026 12:00:00 GMT", **named})


def at(seconds: int) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


def test_retry_after_counts_before_all_resets() -> None:
    headers = limits(requests_remaining="0", requests_reset=at(20))
    headers["retry-after"] = "7"

    assert read_fault({}, headers).retry_after == "7"


def test_else_the_last_reset_of_the_limits_that_are_used_up_counts() -> None:
    headers = limits(
        requests_remaining="0",
        requests_reset=at(20),
        input_tokens_remaining="0",
        input_tokens_reset=at(30).replace("+00:00", "Z"),
        output_tokens_remaining="5",
        output_tokens_reset=at(90),
    )

    assert read_fault({}, headers).retry_after == "30"


def test_a_reset_that_has_passed_is_waited_for_no_longer_than_a_second() -> None:
    assert read_fault({}, limits(tokens_remaining="0", tokens_reset=at(-9))).retry_after == "1"


@pytest.mark.parametrize("reset", ["", "soon", "2026-11-21T12:00:20"])
def test_a_reset_that_is_no_instant_is_none(reset: str) -> None:
    assert read_fault({}, limits(tokens_remaining="0", tokens_reset=reset)).retry_after is None


@pytest.mark.parametrize("date", ["", "nonsense", "Sat, 21 Nov 2026 12:00:00 -0000"])
def test_without_the_servers_clock_ours_will_do(date: str) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1000)
    headers = limits(tokens_remaining="0", tokens_reset=soon.isoformat())
    headers["date"] = date

    assert 990 <= int(read_fault({}, headers).retry_after or 0) <= 1000
