"""An OpenAI-compatible upstream that does what a test tells it, the rude things too.

    with ScriptedUpstream() as upstream:                     # answers everything with echo()
        upstream.script(error(429), stream(["Hel", "lo"]))   # the next two; then echo() again
        ...
        assert upstream.requests[0].json["model"] == "m"

What it can be told is in scripted_answers.py, and imported from here.
"""

import asyncio
import socket
import struct
import threading
from collections import deque
from typing import Self

from tests.scripted_answers import (
    CLOSE,
    RESET,
    Answer,
    End,
    Received,
    Step,
    completion,
    echo,
    error,
    in_stream_error,
    raw,
    reset,
    sse,
    stall,
    stream,
    tool_call,
    truncated_stream,
    usage_of,
)

__all__ = [
    "CLOSE",
    "RESET",
    "Answer",
    "Received",
    "ScriptedUpstream",
    "Step",
    "completion",
    "echo",
    "error",
    "in_stream_error",
    "raw",
    "reset",
    "sse",
    "stall",
    "stream",
    "tool_call",
    "truncated_stream",
    "usage_of",
]

POLL_SECONDS = 0.005


class ScriptedUpstream:
    """Serves from a thread of its own until the `with` ends, which raises what a script raised."""

    def __init__(self, default: Answer | None = None) -> None:
        self.default = default or echo()
        self.requests: list[Received] = []
        self.connections = 0
        self._answers: deque[Answer] = deque()
        self._open: set[asyncio.StreamWriter] = set()
        self._failures: list[Exception] = []
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def script(self, *answers: Answer) -> None:
        """Answer the next requests so, in their order of arrival, before the default."""
        self._answers.extend(answers)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        if self._failures:
            raise self._failures[0]

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        listener = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
        self._started.set()
        await self._stopped.wait()
        listener.close()
        while self._open:
            for writer in self._open:
                writer.transport.abort()
            await asyncio.sleep(0)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self.connections += 1
        try:
            while request := await _received(reader):
                self.requests.append(request)
                answer = self._answers.popleft() if self._answers else self.default
                if not await _answered(request, answer, reader, writer):
                    break
        except Exception as failure:  # noqa: BLE001  # the test's thread is the one to hear of it
            self._failures.append(failure)
        finally:
            writer.close()
            self._open.discard(writer)


async def _received(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *lines = head.decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (text.split(": ", 1) for text in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = line.split(" ")
    return Received(method, path, headers, head, body)


async def _answered(
    request: Received, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    for step in answer(request):
        if step is RESET:
            linger_not = struct.pack("ii", 1, 0)
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
        if isinstance(step, End):
            return False
        if not await _taken(step, reader, writer):
            request.hung_up.set()
            return False
    return True


async def _taken(
    step: bytes | float | threading.Event,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> bool:
    """False if the client has left."""
    if isinstance(step, threading.Event):
        while not step.is_set():
            if not await _stays(POLL_SECONDS, reader):
                return False
        return True
    if not isinstance(step, bytes):
        return await _stays(step, reader)
    try:
        writer.write(step)
        await writer.drain()
    except ConnectionError:
        return False
    # A turn of the loop shows whether the client is still there.
    await asyncio.sleep(0)
    return not reader.at_eof()


async def _stays(seconds: float, reader: asyncio.StreamReader) -> bool:
    try:
        # Nobody sends the next request before this one is answered: what can be read is the end.
        await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return True
    except ConnectionError:
        return False
    return False
