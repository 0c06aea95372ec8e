"""An upstream's chat answers, read while they are relayed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final, cast

import httpx
import orjson

from adapters.protocols.openai_chat.request import ChatRequest
from adapters.protocols.openai_chat.stream import ChatStream
from adapters.protocols.openai_chat.text import produced_by
from adapters.protocols.openai_chat.usage import read_usage
from adapters.upstreams.body import aiter_bytes
from adapters.upstreams.failures import COOL_SECONDS, failure_of_transport
from domain.errors import UpstreamError
from domain.metering import Produced, Report
from domain.upstream import AttemptError, BrokenAnswerError

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""A whole answer larger than this is cut, and so is no JSON."""
END_SECONDS: Final = 0.1
"""How long the end of a body is waited for after the stream's own end mark."""
MALFORMED: Final = "malformed"


class WholeAnswer:
    """A JSON answer, relayed as the bytes that came."""

    def __init__(self, body: bytes, fields: dict[str, Any]) -> None:
        self.body = body
        self.fields = fields
        self.report = read_usage(fields.get("usage"))

    @property
    def produced(self) -> Produced:
        """What the answer says."""
        return produced_by(self.fields)

    async def relay(self) -> AsyncIterator[bytes]:
        """Give the body."""
        yield self.body

    async def close(self) -> None:
        """Do nothing: it was read to its end."""


class StreamAnswer:
    """A stream, relayed as it comes; what waits for the charge is withheld."""

    def __init__(
        self,
        response: httpx.Response,
        chunks: AsyncIterator[bytes],
        stream: ChatStream,
        first: bytes,
    ) -> None:
        self._response = response
        self._chunks = chunks
        self._stream = stream
        self._first = first

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return self._stream.report

    @property
    def produced(self) -> Produced:
        """The text produced so far."""
        return self._stream.produced

    @property
    def usage_event(self) -> bytes:
        """The usage chunk as it came, if the caller asked for one."""
        return self._stream.usage_event

    @property
    def frame(self) -> dict[str, Any]:
        """What every chunk says alike, for a chunk of ours at the end."""
        usage = {"usage": self._stream.usage} if self._stream.usage else {}
        return {**self._stream.frame, **usage}

    async def relay(self) -> AsyncIterator[bytes]:
        """Give the bytes as they come, to the end mark; raises BrokenAnswerError."""
        stream = self._stream
        if self._first:
            yield self._first
        try:
            while not (stream.done or stream.broken):
                data = await anext(self._chunks, None)
                if data is None:
                    break
                if passed := stream.feed(data):
                    yield passed
        except httpx.TransportError as error:
            raise BrokenAnswerError(failure_of_transport(error).error) from error
        if stream.broken or not stream.complete:
            raise BrokenAnswerError(UpstreamError())
        await self._finish()

    async def _finish(self) -> None:
        """Read what follows the end mark, so that the connection can be used again, but not wait.

        An upstream may keep the connection open after its last word.
        """
        with suppress(TimeoutError, httpx.TransportError):
            async with asyncio.timeout(END_SECONDS):
                async for _ in self._chunks:
                    pass

    async def close(self) -> None:
        """Let go of the connection."""
        await self._response.aclose()


def stream_of(request: ChatRequest) -> ChatStream:
    """Begin to read the stream that a request asked for."""
    return ChatStream(wants_usage=request.wants_usage, choices=request.choices)


async def begin_stream(response: httpx.Response, stream: ChatStream) -> StreamAnswer:
    """Wait for a stream's first event, so that a failure before it can still go elsewhere."""
    chunks = aiter_bytes(response)
    try:
        async for data in chunks:
            first = stream.feed(data)
            if first:
                return StreamAnswer(response, chunks, stream, first)
            if stream.done or stream.broken:
                break
    except httpx.TransportError as error:
        raise failure_of_transport(error) from error
    except BaseException:
        await response.aclose()
        raise
    await response.aclose()
    raise _failed("stream_error" if stream.broken else "stream_empty")


async def read_whole(response: httpx.Response) -> WholeAnswer:
    """Read a JSON answer to its end and make sure that it is one."""
    parts: list[bytes] = []
    size = 0
    try:
        async for data in aiter_bytes(response):
            parts.append(data)
            size += len(data)
            if size > ANSWER_BYTES_MAX:
                break
        body = b"".join(parts)
        fields: object = orjson.loads(body)
    except httpx.TransportError as error:
        raise failure_of_transport(error) from error
    except orjson.JSONDecodeError as error:
        raise _failed(MALFORMED) from error
    finally:
        await response.aclose()
    if not isinstance(fields, dict) or "choices" not in fields:
        raise _failed(MALFORMED)
    return WholeAnswer(body, cast("dict[str, Any]", fields))


def _failed(outcome: str) -> AttemptError:
    return AttemptError(outcome, UpstreamError(), cool_seconds=COOL_SECONDS)
