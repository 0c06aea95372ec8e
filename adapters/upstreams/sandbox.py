"""The sandbox: a provider in this process, with deterministic answers and real usage."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import httpx

from adapters.protocols.canonical.answer import Answer as CanonicalAnswer, Frame
from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.builder import said_in
from adapters.protocols.canonical.custom_tools import CustomCalls
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Stopped
from adapters.protocols.inbound import InboundRequest
from adapters.protocols.openai_embeddings.answer import encode_embeddings
from adapters.protocols.openai_embeddings.request import EmbeddingsRequest
from adapters.protocols.prompt_size import measure_off_loop
from adapters.upstreams.answers import WholeAnswer, begin_stream
from adapters.upstreams.converting import ConvertedStream, produced_in
from adapters.upstreams.openai_embeddings import NOTHING
from adapters.upstreams.sandbox_sayings import say, tokens_of, words
from adapters.upstreams.sandbox_vectors import DIMENSIONS_MAX, vector_of
from domain.catalog import Route
from domain.errors import UnsupportedParameterError
from domain.metering import Report
from domain.upstream import Answer, UpstreamCall
from domain.usage import exclusive

CREATED = 1_767_225_600
"""A fixed time, so that the same call gets the same answer."""


class SandboxProvider:
    """Says back what it was asked, word by word, never beyond its output cap."""

    def check(self, request: Any, route: Route, output_cap: int) -> None:
        """Raise UnsupportedParameterError for what has no canonical form."""
        if not isinstance(request, EmbeddingsRequest):
            request.conversation()
        elif (request.dimensions or 0) > DIMENSIONS_MAX:
            raise UnsupportedParameterError("dimensions", f"is at most {DIMENSIONS_MAX} here")

    async def send(self, call: UpstreamCall) -> Answer:
        """Answer at once, on whatever surface the call came."""
        request: InboundRequest = call.request
        size = await measure_off_loop(request.size, request.prompt_parts)
        prompt = size.text_tokens + size.parts.tokens
        if isinstance(request, EmbeddingsRequest):
            return await asyncio.to_thread(_embed, request, call.model, prompt)
        block, stop = say(request.conversation(), f"call_{call.request_id}", call.output_cap)
        blocks = () if isinstance(block, Text) and not block.text else (block,)
        usage = exclusive(input=prompt, output=sum(map(tokens_of, blocks)))
        answer = CanonicalAnswer(blocks, stop, report=Report(usage, dict(usage.buckets)))
        frame = Frame(call.request_id, call.model, CREATED)
        if not request.stream:
            said = [said_in(block) for block in blocks]
            body = request.encode_answer(answer, frame)
            return WholeAnswer(body, answer.report, produced_in(lambda: said))
        script = _Script(answer)
        reader = ConvertedStream(script, request.stream_encoder(frame), CustomCalls(()))
        return await begin_stream(httpx.Response(200, stream=script.cues()), reader)


class _Script:
    """An answer as a stream: each byte that comes is the cue for the next thing to say."""

    def __init__(self, answer: CanonicalAnswer) -> None:
        self._report = answer.report
        self._lines = [line for i, block in enumerate(answer.blocks) for line in _lines(i, block)]
        self._lines.append([Stopped(answer.stop)])
        self._said = 0
        self.broken = False

    def cues(self) -> "_Cues":
        """Give the bytes that make it speak."""
        return _Cues(len(self._lines))

    @property
    def done(self) -> bool:
        """Whether all was said."""
        return self._said == len(self._lines)

    @property
    def complete(self) -> bool:
        """The same: a script has no other end."""
        return self.done

    @property
    def report(self) -> Report:
        """The usage, known from the start."""
        return self._report

    def feed(self, data: bytes) -> list[Event]:
        """Say the next lines."""
        said, self._said = self._said, self._said + len(data)
        return [event for line in self._lines[said : self._said] for event in line]


class _Cues(httpx.AsyncByteStream):
    def __init__(self, count: int) -> None:
        self._count = count

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._count):
            yield b"."

    async def aclose(self) -> None:
        pass


def _lines(
    index: int, block: Text | Thinking | RedactedThinking | ToolUse | Refusal
) -> Sequence[list[Event]]:
    text = said_in(block)
    begun: ToolUse | Text = Text("")
    if isinstance(block, ToolUse):
        begun, text = replace(block, arguments=""), block.arguments
    said: list[list[Event]] = [[Grew(index, word)] for word in words(text)]
    return [[Began(index, begun)], *said, [Ended(index)]]


def _embed(request: EmbeddingsRequest, model: str, prompt_tokens: int) -> WholeAnswer:
    vectors = [vector_of(said, request.dimensions) for said in request.inputs]
    body = encode_embeddings(request, vectors, model=model, prompt_tokens=prompt_tokens)
    usage = exclusive(input=prompt_tokens)
    return WholeAnswer(body, Report(usage, dict(usage.buckets)), NOTHING)
