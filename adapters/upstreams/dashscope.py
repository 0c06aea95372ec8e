"""Alibaba's DashScope: text generation, its endpoint for content in parts, and embeddings."""

from typing import Any, Final

import httpx
import orjson

from adapters.protocols.canonical.answer import Answer as CanonicalAnswer, MalformedAnswerError
from adapters.protocols.canonical.builder import AnswerBuilder, said_in
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.dashscope.answer import blocks_in, choices_in, object_in, read_answer
from adapters.protocols.dashscope.decoder import Decoder
from adapters.protocols.dashscope.from_conversation import from_conversation, has_media
from adapters.protocols.dashscope.models import (
    Limits,
    Thinking,
    split_cap,
    takes_parts,
    thinking_of,
)
from adapters.protocols.dashscope.request import DashScopeRequest, encode_request
from adapters.protocols.dashscope.stream import Stream
from adapters.protocols.dashscope.usage import read_usage
from adapters.upstreams.answers import WholeAnswer, begin_stream, failed, read_body
from adapters.upstreams.converting import ConvertingLane, produced_in
from adapters.upstreams.dashscope_embeddings import EmbeddingsLane
from adapters.upstreams.dashscope_faults import fault_within, read_fault
from adapters.upstreams.dashscope_server import DashScopeServer
from adapters.upstreams.dialect import Dialect, Outgoing
from domain.catalog import Route
from domain.errors import UnsupportedParameterError
from domain.upstream import Answer, UpstreamCall

TEXT: Final = "/services/aigc/text-generation/generation"
PARTS: Final = "/services/aigc/multimodal-generation/generation"


def dashscope_dialect(base_url: str, api_key: str | None) -> Dialect:
    """Speak to DashScope; `base_url` ends in …/api/v1."""
    server = DashScopeServer(base_url, api_key)
    return Dialect(
        {"dashscope": NativeGeneration(server), "openai_embeddings": EmbeddingsLane(server)},
        ConvertingLane(DashScopeCodec(server)),
        read_fault,
    )


class NativeGeneration:
    """Requests as they came; only the model and the limits on its output are ours."""

    def __init__(self, server: DashScopeServer) -> None:
        self._server = server

    def check(self, request: DashScopeRequest, route: Route, output_cap: int) -> None:
        """Raise UnsupportedParameterError where thinking is turned off that cannot be.

        It would go on without a budget, on top of what is held for.
        """
        turned_off = request.fields.parameters.enable_thinking is False
        if turned_off and thinking_of(route.upstream_model) is Thinking.ALWAYS:
            why = "cannot be turned off for this model"
            raise UnsupportedParameterError("parameters.enable_thinking", why)

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the caller's body with our model and limits."""
        request: DashScopeRequest = call.request
        model = call.route.upstream_model
        limits = limits_of(request, model, call.output_cap)
        body = encode_request(request, upstream_model=model, set_by_us=limits.told)
        path = PARTS if request.multimodal else TEXT
        return self._server.outgoing(path, body, stream=request.stream)

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Relay what comes, and read the usage on the way."""
        request: DashScopeRequest = call.request
        if request.stream:
            incremental = True if request.shape.incremental else None
            reader = Stream(choices=request.choices, incremental=incremental)
            return await begin_stream(response, reader)
        return _whole(await read_body(response))


class DashScopeCodec:
    """Conversations as DashScope takes them."""

    def __init__(self, server: DashScopeServer) -> None:
        self._server = server

    def encode(
        self, conversation: Conversation, route: Route, *, output_cap: int, stream: bool
    ) -> dict[str, Any]:
        """Write the request's fields, or raise UnsupportedParameterError."""
        model = route.upstream_model
        return from_conversation(conversation, model, output_cap=output_cap, stream=stream)

    def outgoing(self, fields: dict[str, Any], route: Route, *, stream: bool) -> Outgoing:
        """Address and serialise them; some models only stream, whatever the caller wants."""
        parts = takes_parts(route.upstream_model) or has_media(fields)
        streams = "incremental_output" in fields["parameters"]
        return self._server.outgoing(PARTS if parts else TEXT, orjson.dumps(fields), stream=streams)

    def decode(self, body: bytes) -> CanonicalAnswer:
        """Read a whole answer, or add up a stream; raises MalformedAnswerError or AttemptError."""
        if fault := fault_within(body):
            raise fault
        return read_answer(body) if body.lstrip().startswith(b"{") else _added_up(body)

    def decoder(self) -> Decoder:
        """Begin to read a stream."""
        return Decoder()


def limits_of(request: DashScopeRequest, model: str, output_cap: int) -> Limits:
    """Divide what is held between what is thought and what is seen.

    A model that thinks although its name, as the caller knows it, does not tell so, has to do it
    within the cap.
    """
    if budget := request.thinking_tokens:
        limits = split_cap(thinking_of(model), output_cap, asked=True, wanted=budget)
        unsaid = request.fields.parameters.enable_thinking is None
        return (
            limits._replace(enable_thinking=None) if unsaid and limits.thinking_budget else limits
        )
    if request.fields.parameters.enable_thinking is None:
        return split_cap(thinking_of(model), output_cap, asked=False, wanted=None)
    return Limits(output_cap)


def _added_up(body: bytes) -> CanonicalAnswer:
    """Read a stream that the caller wants whole; broken off, it is no answer."""
    decoder, built = Decoder(), AnswerBuilder()
    built.add(decoder.feed(body))
    if decoder.broken or not decoder.complete:
        raise MalformedAnswerError
    return built.answer(decoder.report)


def _whole(body: bytes) -> WholeAnswer:
    """Make sure that a body is an answer, or raise AttemptError."""
    if fault := fault_within(body):
        raise fault
    try:
        fields = object_in(body)
        blocks = [block for choice in choices_in(fields) for block in blocks_in(choice)]
    except MalformedAnswerError as error:
        raise failed() from error
    report = read_usage(fields.get("usage"), fields)
    return WholeAnswer(body, report, produced_in(lambda: [said_in(block) for block in blocks]))
