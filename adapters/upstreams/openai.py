"""Any OpenAI-compatible server, over HTTP: the caller's own body out, its bytes back."""

from dataclasses import dataclass
from typing import Final

import httpx

from adapters.protocols.openai_chat.request import ChatRequest, encode_request
from adapters.upstreams.chat_answers import begin_stream, read_whole, stream_of
from adapters.upstreams.failures import failure_of_answer, failure_of_transport
from domain.upstream import Answer, UpstreamCall

OK: Final = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is, and how we are known there."""

    base_url: str
    api_key: str | None
    cap_field: str
    """What output is limited by when the caller did not say it in words of his own."""


class OpenAIProvider:
    """Sends chat requests as they came; only model, output cap and usage option are ours."""

    def __init__(self, endpoint: Endpoint, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self._cap_field = endpoint.cap_field
        self._url = httpx.URL(endpoint.base_url.rstrip("/") + "/chat/completions")
        self._headers = [(b"content-type", b"application/json")]
        if endpoint.api_key:
            self._headers.append((b"authorization", b"Bearer " + endpoint.api_key.encode()))

    async def send(self, call: UpstreamCall) -> Answer:
        """Send a call and wait for its whole answer, or for a stream's first event."""
        request: ChatRequest = call.request
        body = encode_request(
            request,
            upstream_model=call.route.upstream_model,
            output_cap=call.output_cap,
            cap_field=self._cap_field,
        )
        response = await self._post(body)
        if response.status_code != OK:
            raise await failure_of_answer(response)
        if request.stream:
            return await begin_stream(response, stream_of(request))
        return await read_whole(response)

    async def _post(self, body: bytes) -> httpx.Response:
        request = httpx.Request(
            "POST", self._url, headers=self._headers, stream=httpx.ByteStream(body)
        )
        try:
            return await self._transport.handle_async_request(request)
        except httpx.TransportError as error:
            raise failure_of_transport(error) from error
