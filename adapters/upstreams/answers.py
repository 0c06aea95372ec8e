"""An upstream's answers, read while they are relayed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx

from adapters.protocols.inbound import StreamReader, TellsFailure
from adapters.upstreams.body import aiter_bytes
from adapters.upstreams.failures import COOL_SECONDS, failure_of_transport, told_of
from domain.errors import UpstreamError
from domain.metering import Produced, Report
from domain.upstream import AttemptError, BrokenAnswerError

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""A whole answer larger than this is cut, and so is no JSON."""
END_SECONDS: Final = 0.1
"""How long the end of a body is waited for after the stream's own end mark."""
MALFORMED: Final = "malformed"


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer in one piece, in the caller's protocol."""

    body: bytes
    report: Report
    produced: Produced

    async def relay(self) -> AsyncIterator[bytes]:
        """Give the body."""
        yield self.body

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give nothing: the body is sent after the charge, and whole."""
        return b""

    async def close(self) -> None:
        """Do nothing: it was read to its end."""


class StreamAnswer:
    """A stream, relayed as it comes; what waits for the charge is withheld."""

    def __init__(
        self,
        response: httpx.Response,
        chunks: AsyncIterator[bytes],
        reader: StreamReader,
        first: bytes,
    ) -> None:
        self._response = response
        self._chunks = chunks
        self._reader = reader
        self._first = first

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return self._reader.report

    @property
    def produced(self) -> Produced:
        """The text produced so far."""
        return self._reader.produced

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give what had to wait for the charge."""
        return self._reader.tail(metadata)

    def failure(self, message: str) -> bytes | None:
        """Give the end of a stream that broke off; None where the surface's error is enough."""
        reader = self._reader
        return reader.failure(message) if isinstance(reader, TellsFailure) else None

    async def relay(self) -> AsyncIterator[bytes]:
        """Give the bytes as they come, to the end mark; raises BrokenAnswerError."""
        reader = self._reader
        if self._first:
            yield self._first
        try:
            while not (reader.done or reader.broken):
                data = await anext(self._chunks, None)
                if data is None:
                    break
                if passed := reader.feed(data):
                    yield passed
        except httpx.TransportError as error:
            # Once it is whole and counted nothing is missing, however the connection ended.
            if not _is_counted(reader):
                raise BrokenAnswerError(told_of(error)) from error
        if reader.broken or not reader.complete:
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


async def begin_stream(response: httpx.Response, reader: StreamReader) -> StreamAnswer:
    """Wait for a stream's first event, so that a failure before it can still go elsewhere.

    An answer whose only event waits for the charge has none, and is an answer all the same.
    """
    chunks = aiter_bytes(response)
    try:
        first = await _first_output(chunks, reader)
    except httpx.TransportError as error:
        await response.aclose()
        raise failure_of_transport(error) from error
    except BaseException:
        await response.aclose()
        raise
    if first or _is_counted(reader):
        return StreamAnswer(response, chunks, reader, first)
    await response.aclose()
    raise failed("stream_error" if reader.broken else "stream_empty")


async def _first_output(chunks: AsyncIterator[bytes], reader: StreamReader) -> bytes:
    """Read until there is something to pass on; nothing if the stream is over before."""
    try:
        async for data in chunks:
            if first := reader.feed(data):
                return first
            if reader.done or reader.broken:
                break
    except httpx.TransportError:
        if not _is_counted(reader):
            raise
    return b""


def _is_counted(reader: StreamReader) -> bool:
    """Whether the answer is whole and was counted: nobody else needs to be asked, or paid."""
    return not reader.broken and reader.complete and reader.report.usage is not None


async def read_body(response: httpx.Response) -> bytes:
    """Read an answer to its end, or raise AttemptError."""
    parts: list[bytes] = []
    size = 0
    try:
        async for data in aiter_bytes(response):
            parts.append(data)
            size += len(data)
            if size > ANSWER_BYTES_MAX:
                break
    except httpx.TransportError as error:
        raise failure_of_transport(error) from error
    finally:
        await response.aclose()
    return b"".join(parts)


def failed(outcome: str = MALFORMED) -> AttemptError:
    """Say that an upstream answered with what is no answer."""
    return AttemptError(outcome, UpstreamError(), cool_seconds=COOL_SECONDS)
