"""Responses at an OpenAI-compatible server: the caller's own body, or one that was converted."""

from typing import Any, cast

import httpx
import orjson

from adapters.protocols.canonical.answer import Answer as CanonicalAnswer
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.openai_responses.answer import decode_answer, has_finished
from adapters.protocols.openai_responses.decoder import ResponsesDecoder
from adapters.protocols.openai_responses.from_conversation import write_request
from adapters.protocols.openai_responses.request import ResponsesRequest, encode_request
from adapters.protocols.openai_responses.stream import ResponsesStream
from adapters.protocols.openai_responses.text import produced_by
from adapters.protocols.openai_responses.usage import read_usage
from adapters.protocols.sse import is_failure
from adapters.upstreams.answers import WholeAnswer, begin_stream, failed, read_body
from adapters.upstreams.dialect import Outgoing
from adapters.upstreams.openai_endpoint import Endpoint
from domain.catalog import Route
from domain.upstream import Answer, UpstreamCall

PATH = "/responses"


class NativeResponses:
    """Requests as they came; only model, output cap and `store` are ours."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._url = endpoint.url(PATH)
        self._headers = endpoint.headers

    def check(self, request: ResponsesRequest, route: Route, output_cap: int) -> None:
        """Accept everything: what Responses can say, Responses can carry."""

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the caller's body with our model and cap."""
        body = encode_request(
            call.request, upstream_model=call.route.upstream_model, output_cap=call.output_cap
        )
        return Outgoing(self._url, self._headers, body)

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Relay the bytes that come, and read the usage on the way."""
        request: ResponsesRequest = call.request
        if request.stream:
            return await begin_stream(response, ResponsesStream())
        return whole_response(await read_body(response))


class ResponsesCodec:
    """Responses for callers who speak another protocol."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def encode(
        self, conversation: Conversation, route: Route, *, output_cap: int, stream: bool
    ) -> dict[str, Any]:
        """Write the request's fields, or raise UnsupportedParameterError by the caller's name."""
        return write_request(
            conversation, route.upstream_model, output_cap=output_cap, stream=stream
        )

    def outgoing(self, fields: dict[str, Any], route: Route, *, stream: bool) -> Outgoing:
        """Address and serialise them."""
        return self._endpoint.outgoing(PATH, fields)

    def decode(self, body: bytes) -> CanonicalAnswer:
        """Read a whole answer, or raise MalformedAnswerError."""
        return decode_answer(body)

    def decoder(self) -> ResponsesDecoder:
        """Begin to read a stream."""
        return ResponsesDecoder()


def whole_response(body: bytes) -> WholeAnswer:
    """Make sure that a body is a response that has ended, or raise AttemptError."""
    try:
        fields: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise failed() from error
    if not isinstance(fields, dict):
        raise failed()
    response = cast("dict[str, Any]", fields)
    if not has_finished(response) or is_failure("", response):
        raise failed()
    return WholeAnswer(body, read_usage(response.get("usage"), response), produced_by(response))
