"""Anthropic, and servers that imitate it: messages passed on, other protocols converted."""

from dataclasses import dataclass
from typing import Any, Final, cast

import httpx
import orjson

from adapters.protocols.anthropic.answer import decode_answer
from adapters.protocols.anthropic.decoder import MessagesDecoder
from adapters.protocols.anthropic.from_conversation import fields_of, is_current
from adapters.protocols.anthropic.headers import CLASSIC, CURRENT
from adapters.protocols.anthropic.produced import produced_by
from adapters.protocols.anthropic.request import PROTOCOL, CountRequest, MessagesRequest
from adapters.protocols.anthropic.stream import MessagesStream
from adapters.protocols.anthropic.usage import read_usage
from adapters.protocols.canonical.answer import Answer as CanonicalAnswer
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.counters import within
from adapters.upstreams.answers import WholeAnswer, begin_stream, failed, read_body
from adapters.upstreams.anthropic_faults import read_fault
from adapters.upstreams.converting import ConvertingLane
from adapters.upstreams.dialect import Dialect, Headers, Outgoing
from domain.catalog import Route
from domain.errors import UnsupportedParameterError
from domain.upstream import Answer, UpstreamCall

MESSAGES: Final = "/v1/messages"
COUNT: Final = "/v1/messages/count_tokens"


@dataclass(frozen=True, slots=True)
class AnthropicEndpoint:
    """Where a provider is, and how we are known there; `base_url` is the host alone."""

    base_url: str
    api_key: str | None

    def url(self, path: str) -> httpx.URL:
        """Give the address of one of its methods."""
        return httpx.URL(self.base_url.rstrip("/") + path)

    def headers(self, version: str, betas: tuple[str, ...] = ()) -> Headers:
        """Say what comes, who sends it, and for which version of the API it was written."""
        headers = [
            (b"content-type", b"application/json"),
            (b"anthropic-version", version.encode()),
        ]
        if betas:
            headers.append((b"anthropic-beta", ",".join(betas).encode()))
        if self.api_key:
            headers.append((b"x-api-key", self.api_key.encode()))
        return headers


def anthropic_dialect(endpoint: AnthropicEndpoint) -> Dialect:
    """Speak to Anthropic."""
    native = NativeMessages(endpoint)
    return Dialect(
        {PROTOCOL: native}, ConvertingLane(MessagesCodec(endpoint)), read_fault, counter=native
    )


class NativeMessages:
    """Messages as they came; only model and output cap are ours."""

    def __init__(self, endpoint: AnthropicEndpoint) -> None:
        self._endpoint = endpoint

    def check(self, request: MessagesRequest, route: Route, output_cap: int) -> None:
        """Accept what messages can say, if thoughts leave anything of the cap that will be sent."""
        thinking = request.fields.thinking
        budget = thinking.budget_tokens if thinking else None
        if budget is not None and budget >= output_cap:
            why = f"must be less than the {output_cap} tokens that this model may answer with"
            raise UnsupportedParameterError("thinking.budget_tokens", why)

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the caller's body with our model and cap."""
        request: MessagesRequest = call.request
        body = request.written_for(call.route.upstream_model, max_tokens=call.output_cap)
        return self._outgoing(MESSAGES, request, body)

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Relay the bytes that come, and read the usage on the way."""
        if call.request.stream:
            return await begin_stream(response, MessagesStream())
        return whole_message(await read_body(response))

    def counts(self, request: Any) -> bool:
        """Tell whether a request is one for messages."""
        return isinstance(request, CountRequest)

    def write_count(self, request: CountRequest, route: Route) -> Outgoing:
        """Ask how many tokens a prompt is, which costs nothing."""
        return self._outgoing(COUNT, request, request.written_for(route.upstream_model))

    def read_count(self, body: bytes) -> int | None:
        """Read the number; None if the answer has none."""
        try:
            count = within(orjson.loads(body), "input_tokens")
        except orjson.JSONDecodeError:
            return None
        return count if type(count) is int and count >= 0 else None

    def _outgoing(self, path: str, request: CountRequest, body: bytes) -> Outgoing:
        endpoint = self._endpoint
        headers = endpoint.headers(request.version, request.betas)
        return Outgoing(endpoint.url(path), headers, body)


class MessagesCodec:
    """Messages for callers who speak another protocol."""

    def __init__(self, endpoint: AnthropicEndpoint) -> None:
        self._endpoint = endpoint

    def encode(
        self, conversation: Conversation, route: Route, *, output_cap: int, stream: bool
    ) -> dict[str, Any]:
        """Write the request's fields, or raise UnsupportedParameterError by the caller's name."""
        fields = fields_of(conversation, route.upstream_model, output_cap)
        return {**fields, "stream": True} if stream else fields

    def outgoing(self, fields: dict[str, Any], route: Route, *, stream: bool) -> Outgoing:
        """Address and serialise them."""
        headers = self._endpoint.headers(CURRENT if is_current(fields) else CLASSIC)
        return Outgoing(self._endpoint.url(MESSAGES), headers, orjson.dumps(fields))

    def decode(self, body: bytes) -> CanonicalAnswer:
        """Read a whole answer, or raise MalformedAnswerError."""
        return decode_answer(body)

    def decoder(self) -> MessagesDecoder:
        """Begin to read a stream."""
        return MessagesDecoder()


def whole_message(body: bytes) -> WholeAnswer:
    """Make sure that a body is a message, or raise AttemptError."""
    try:
        message: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise failed() from error
    content = within(message, "content")
    if within(message, "type") != "message" or not isinstance(content, list):
        raise failed()
    usage = read_usage(within(message, "usage"))
    return WholeAnswer(body, usage, produced_by(cast("list[object]", content)))
