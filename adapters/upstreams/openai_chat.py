"""Chat at an OpenAI-compatible server: the caller's own body, or another protocol's converted."""

from typing import Any, cast

import httpx
import orjson

from adapters.protocols.canonical.answer import Answer as CanonicalAnswer
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.openai_chat.answer import decode_answer
from adapters.protocols.openai_chat.decoder import ChatDecoder
from adapters.protocols.openai_chat.from_conversation import fields_of
from adapters.protocols.openai_chat.request import ChatRequest, encode_request
from adapters.protocols.openai_chat.stream import ChatStream, gave_up
from adapters.protocols.openai_chat.text import produced_by
from adapters.protocols.openai_chat.usage import read_usage
from adapters.protocols.sse import is_failure
from adapters.upstreams.answers import WholeAnswer, begin_stream, failed, read_body
from adapters.upstreams.dialect import Outgoing
from adapters.upstreams.openai_endpoint import Endpoint
from domain.catalog import Route
from domain.upstream import Answer, UpstreamCall

PATH = "/chat/completions"


class NativeChat:
    """Chat requests as they came; only model, output cap and usage option are ours."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._cap_field = endpoint.cap_field
        self._url = endpoint.url(PATH)
        self._headers = endpoint.headers

    def check(self, request: ChatRequest, route: Route, output_cap: int) -> None:
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


class ChatCodec:
    """Chat for callers who speak another protocol."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def encode(
        self, conversation: Conversation, route: Route, *, output_cap: int, stream: bool
    ) -> dict[str, Any]:
        """Write the request's fields, or raise UnsupportedParameterError by the caller's name."""
        model = route.upstream_model
        fields = fields_of(conversation, model, official=self._endpoint.official)
        ours: dict[str, Any] = {"model": model, self._endpoint.cap_field: output_cap}
        if stream:
            ours |= {"stream": True, "stream_options": {"include_usage": True}}
        return ours | fields

    def outgoing(self, fields: dict[str, Any], route: Route, *, stream: bool) -> Outgoing:
        """Address and serialise them."""
        return self._endpoint.outgoing(PATH, fields)

    def decode(self, body: bytes) -> CanonicalAnswer:
        """Read a whole answer, or raise MalformedAnswerError."""
        return decode_answer(body)

    def decoder(self) -> ChatDecoder:
        """Begin to read a stream."""
        return ChatDecoder()


def chat_stream(request: ChatRequest) -> ChatStream:
    """Begin to read the stream that a request asked for."""
    return ChatStream(wants_usage=request.wants_usage, choices=request.choices)


def whole_chat(body: bytes) -> WholeAnswer:
    """Make sure that a body is a chat answer, or raise AttemptError."""
    try:
        fields: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise failed() from error
    if not isinstance(fields, dict):
        raise failed()
    answer = cast("dict[str, Any]", fields)
    if is_failure("", answer) or not _has_answered(answer.get("choices")):
        raise failed()
    return WholeAnswer(body, read_usage(answer.get("usage"), answer), produced_by(answer))


def _has_answered(choices: object) -> bool:
    """Tell whether there is an answer, and the server gave up none of its choices."""
    if not isinstance(choices, list) or not choices:
        return False
    found = cast("list[object]", choices)
    return all(
        isinstance(choice, dict) and not gave_up(cast("dict[str, Any]", choice)) for choice in found
    )
