"""An upstream that costs next to nothing, so that a benchmark measures the gateway.

    uv run python scripts/bench_upstream.py PORT [GAP_MS]

Answers every POST with the same JSON, or with a stream of 20 text chunks when it says
`"stream":true`. GAP_MS paces the chunks; at 0 the whole stream is one write, which a gateway
reads in one piece and which therefore flatters it.
"""

import asyncio
import sys
from functools import partial
from typing import cast

import uvloop

CHUNKS = 20
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n"
USAGE = b'{"prompt_tokens":20,"completion_tokens":%d,"total_tokens":%d}' % (CHUNKS, 20 + CHUNKS)
CHUNK = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,'
    b'"model":"bench","choices":[%s],"usage":%s}\n\n'
)
CHOICE = b'{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}'
ANSWER = (
    b'{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench",'
    b'"choices":[{"index":0,"message":{"role":"assistant","content":"%s","refusal":null},'
    b'"logprobs":null,"finish_reason":"stop"}],"usage":%s}' % (b"lorem " * CHUNKS, USAGE)
)


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


JSON = HEAD % b"application/json" + b"content-length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
STREAM_HEAD = HEAD % b"text/event-stream; charset=utf-8" + b"transfer-encoding: chunked\r\n\r\n"
TEXT = [
    STREAM_HEAD
    + _framed(CHUNK % (CHOICE % (b'{"role":"assistant","content":""}', b"null"), b"null")),
    *[_framed(CHUNK % (CHOICE % (b'{"content":"lorem "}', b"null"), b"null"))] * CHUNKS,
]
FINISH = _framed(CHUNK % (CHOICE % (b"{}", b'"stop"'), b"null"))
END = _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"
UNMETERED = [*TEXT, FINISH + END]
METERED = [*TEXT, FINISH + _framed(CHUNK % (b"", USAGE)) + END]


class Canned(asyncio.Protocol):
    """One connection: finds where a request ends, looks for two words in it, and answers."""

    def __init__(self, gap_seconds: float) -> None:
        self._gap_seconds = gap_seconds
        self._loop = asyncio.get_running_loop()
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        # uvloop's transport has a transport's methods without being one.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:  # noqa: D102
        self._received += data
        while (head_end := self._received.find(b"\r\n\r\n")) >= 0:
            start = head_end + 4
            end = start + _content_length(self._received[:start].lower())
            if len(self._received) < end:
                return
            body, self._received = self._received[start:end], self._received[end:]
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        if not _says(body, b'"stream":'):
            self._transport.write(JSON)
            return
        parts = METERED if _says(body, b'"include_usage":') else UNMETERED
        if self._gap_seconds:
            self._pace(parts, 0)
        else:
            self._transport.write(b"".join(parts))

    def _pace(self, parts: list[bytes], at: int) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(parts[at])
        if at + 1 < len(parts):
            self._loop.call_later(self._gap_seconds, self._pace, parts, at + 1)


def _content_length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest[: rest.index(b"\r\n")]) if found else 0


def _says(body: bytes, name: bytes) -> bool:
    return name + b"true" in body or name + b" true" in body


async def main(port: int, gap_ms: float = 0.0) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(
        partial(Canned, gap_ms / 1000), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), *map(float, sys.argv[2:3])))
