"""An upstream's chat answers, read while they are relayed."""

from collections.abc import AsyncIterator
from typing import Any, Final, cast

import httpx
import orjson

from adapters.protocols.openai_chat.request import ChatRequest
from adapters.protocols.openai_chat.stream import ChatStream, StreamBrokenError
from adapters.protocols.openai_chat.text import produced_by
from adapters.protocols.openai_chat.usage import read_usage
from adapters.upstreams.body import aiter_bytes
from adapters.upstreams.failures import COOL_SECONDS, failure_of_transport
from domain.errors import UpstreamError
from domain.metering import Produced, Report
from domain.upstream import AttemptError, BrokenAnswerError

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""A whole answer larger than this is cut, and so is no JSON."""
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
    """A stream, relayed as it comes; what waits for the charge is in `held_back`."""

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

    async def relay(self) -> AsyncIterator[bytes]:
        """Give the bytes as they come; raises BrokenAnswerError."""
        if self._first:
            yield self._first
        try:
            async for data in self._chunks:
                if passed := self._stream.feed(data):
                    yield passed
        except StreamBrokenError as error:
            raise BrokenAnswerError(UpstreamError()) from error
        except httpx.TransportError as error:
            if not self._stream.done:
                raise BrokenAnswerError(failure_of_transport(error).error) from error
        if not self._stream.complete:
            raise BrokenAnswerError(UpstreamError())

    async def close(self) -> None:
        """Let go of the connection."""
        await self._response.aclose()


def stream_of(request: ChatRequest) -> ChatStream:
    """Begin to read the stream that a request asked for."""
    return ChatStream(wants_usage=request.wants_usage, choices=request.choices)


async def begin_stream(response: httpx.Response, stream: ChatStream) -> StreamAnswer:
    """Wait for a stream's first event, so that a failure before it can still go elsewhere."""
    chunks = aiter_bytes(response)
    first = b""
    try:
        async for data in chunks:
            first = stream.feed(data)
            if first or stream.done:
                return StreamAnswer(response, chunks, stream, first)
    except StreamBrokenError as error:
        await response.aclose()
        raise _failed("stream_error") from error
    except httpx.TransportError as error:
        raise failure_of_transport(error) from error
    except BaseException:
        await response.aclose()
        raise
    raise _failed("stream_empty")


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
