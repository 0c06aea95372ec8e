"""The converting lane: any surface's request through the canonical form, and its answer back."""

import time
from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from adapters.protocols.canonical.answer import (
    Answer as CanonicalAnswer,
    Frame,
    MalformedAnswerError,
)
from adapters.protocols.canonical.builder import AnswerBuilder, said_in
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.canonical.custom_tools import (
    CustomCalls,
    custom_names,
    with_custom,
    with_functions,
)
from adapters.protocols.inbound import (
    InboundRequest,
    StreamDecoder,
    StreamEncoder,
    TellsFailure,
)
from adapters.token_count import count_tokens
from adapters.upstreams.answers import WholeAnswer, begin_stream, failed, read_body
from adapters.upstreams.dialect import Outgoing
from domain.catalog import Route
from domain.metering import Produced, Report
from domain.upstream import Answer, UpstreamCall


class UpstreamCodec(Protocol):
    """One upstream protocol, from and to the canonical form."""

    def encode(
        self, conversation: Conversation, route: Route, *, output_cap: int, stream: bool
    ) -> dict[str, Any]:
        """Write the request's fields, or raise UnsupportedParameterError by the caller's name."""
        ...

    def outgoing(self, fields: dict[str, Any], route: Route, *, stream: bool) -> Outgoing:
        """Address, sign and serialise them."""
        ...

    def decode(self, body: bytes) -> CanonicalAnswer:
        """Read a whole answer, or raise MalformedAnswerError."""
        ...

    def decoder(self) -> StreamDecoder:
        """Begin to read a stream."""
        ...


class ConvertingLane:
    """Speaks an upstream's protocol for callers who speak another.

    Custom tools become functions on the way, and functions custom tools again on the way back,
    unless the upstream's protocol has custom tools of its own.
    """

    def __init__(self, codec: UpstreamCodec, *, has_custom_tools: bool = False) -> None:
        self._codec = codec
        self._has_custom_tools = has_custom_tools

    def check(self, request: InboundRequest, route: Route, output_cap: int) -> None:
        """Raise UnsupportedParameterError naming what cannot be carried."""
        self._encode(request, route, output_cap)

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the upstream's request."""
        request: InboundRequest = call.request
        fields = self._encode(request, call.route, call.output_cap)
        return self._codec.outgoing(fields, call.route, stream=request.stream)

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Read the answer and write it anew in the caller's protocol."""
        request: InboundRequest = call.request
        frame = Frame(call.request_id, call.model, int(time.time()))
        custom = frozenset[str]()
        if not self._has_custom_tools:
            custom = custom_names(request.conversation())
        if request.stream:
            encoder = request.stream_encoder(frame)
            reader = ConvertedStream(self._codec.decoder(), encoder, CustomCalls(custom))
            return await begin_stream(response, reader)
        body = await read_body(response)
        try:
            answer = with_custom(self._codec.decode(body), custom)
        except MalformedAnswerError as error:
            raise failed() from error
        return WholeAnswer(
            request.encode_answer(answer, frame),
            answer.report,
            produced_in(lambda: [said for block in answer.blocks if (said := said_in(block))]),
        )

    def _encode(self, request: InboundRequest, route: Route, output_cap: int) -> dict[str, Any]:
        conversation = request.conversation()
        conversation.check()
        if not self._has_custom_tools:
            conversation = with_functions(conversation)
        return self._codec.encode(conversation, route, output_cap=output_cap, stream=request.stream)


class ConvertedStream:
    """Reads one protocol's stream and writes another's."""

    def __init__(self, decoder: StreamDecoder, encoder: StreamEncoder, custom: CustomCalls) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self._custom = custom
        self._built = AnswerBuilder()

    @property
    def done(self) -> bool:
        """Whether the stream's own end mark has come."""
        return self._decoder.done

    @property
    def broken(self) -> bool:
        """Whether the stream told of an error or made no sense."""
        return self._decoder.broken

    @property
    def complete(self) -> bool:
        """Whether the answer is whole."""
        return self._decoder.complete

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return self._decoder.report

    @property
    def produced(self) -> Produced:
        """What was produced so far."""
        return produced_in(lambda: self._built.texts)

    def feed(self, data: bytes) -> bytes:
        """Take the upstream's bytes and give the caller's."""
        events = self._custom.restore(self._decoder.feed(data))
        if not events:
            return b""
        self._built.add(events)
        return self._encoder.encode(events)

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give what waited for the charge."""
        return self._encoder.finish(self.report, metadata)

    def failure(self, message: str) -> bytes | None:
        """Give the end of a stream that broke off, if the caller's protocol has one of its own."""
        encoder = self._encoder
        return encoder.failure(message) if isinstance(encoder, TellsFailure) else None


class Texts(Protocol):
    """Lists everything that was said."""

    def __call__(self) -> list[str]:
        """Give it as it is now."""
        ...


def produced_in(texts: Texts) -> Produced:
    """Tell whether anything was said, and how to count it."""
    return Produced(lambda: bool(texts()), lambda: count_tokens("".join(texts())))
