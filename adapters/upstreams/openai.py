"""Any OpenAI-compatible server: the caller's own body out, its bytes back."""

from dataclasses import dataclass
from typing import Any, cast

import httpx
import orjson

from adapters.protocols.openai_chat.request import ChatRequest, encode_request
from adapters.protocols.openai_chat.stream import ChatStream
from adapters.protocols.openai_chat.text import produced_by
from adapters.protocols.openai_chat.usage import read_usage
from adapters.upstreams.answers import WholeAnswer, begin_stream, failed, read_body
from adapters.upstreams.dialect import Dialect, Fault, Headers, Outgoing
from domain.catalog import Route
from domain.upstream import Answer, UpstreamCall


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is, and how we are known there."""

    base_url: str
    api_key: str | None
    cap_field: str
    """What output is limited by when the caller did not say it in words of his own."""

    def url(self, path: str) -> httpx.URL:
        """Give the address of one of its methods."""
        return httpx.URL(self.base_url.rstrip("/") + path)

    @property
    def headers(self) -> Headers:
        """Say what comes, and who sends it."""
        headers = [(b"content-type", b"application/json")]
        if self.api_key:
            headers.append((b"authorization", b"Bearer " + self.api_key.encode()))
        return headers


def openai_dialect(endpoint: Endpoint) -> Dialect:
    """Speak to an OpenAI-compatible server."""
    return Dialect({"openai_chat": NativeChat(endpoint)}, None, read_fault)


class NativeChat:
    """Chat requests as they came; only model, output cap and usage option are ours."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._cap_field = endpoint.cap_field
        self._url = endpoint.url("/chat/completions")
        self._headers = endpoint.headers

    def check(self, request: ChatRequest, route: Route) -> None:
        """Accept everything: what chat can say, chat can carry."""

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the caller's body with our model and cap."""
        request: ChatRequest = call.request
        body = encode_request(
            request,
            upstream_model=call.route.upstream_model,
            output_cap=call.output_cap,
            cap_field=self._cap_field,
        )
        return Outgoing(self._url, self._headers, body)

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Relay the bytes that come, and read the usage on the way."""
        request: ChatRequest = call.request
        if request.stream:
            return await begin_stream(response, chat_stream(request))
        return whole_chat(await read_body(response))


def chat_stream(request: ChatRequest) -> ChatStream:
    """Begin to read the stream that a request asked for."""
    return ChatStream(wants_usage=request.wants_usage, choices=request.choices)


def whole_chat(body: bytes) -> WholeAnswer:
    """Make sure that a body is a chat answer, or raise AttemptError."""
    try:
        fields: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise failed() from error
    if not isinstance(fields, dict) or "choices" not in fields:
        raise failed()
    answer = cast("dict[str, Any]", fields)
    return WholeAnswer(body, read_usage(answer.get("usage")), produced_by(answer))


def read_fault(fields: Any, headers: httpx.Headers, /) -> Fault:
    """Take the error's code and parameter."""
    error = cast("dict[str, Any]", fields).get("error") if isinstance(fields, dict) else None
    if not isinstance(error, dict):
        return Fault()
    named = cast("dict[str, Any]", error)
    return Fault(named.get("code"), named.get("param"))
