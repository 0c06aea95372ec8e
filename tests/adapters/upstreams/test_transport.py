import asyncio
import functools
import gzip
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import ParamSpec, cast

import httpx
import pytest

from adapters.upstreams.transport import AiohttpTransport
from tests.scripted_upstream import CLOSE, RESET, ScriptedUpstream, Step, raw

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"content-length: 5\r\n\r\nhello"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
CHUNK = b"5\r\nhello\r\n"
END = b"0\r\n\r\n"
PATIENCE_SECONDS = 10

P = ParamSpec("P")
Call = Callable[[], Coroutine[None, None, httpx.Response]]


@asynccontextmanager
async def calling(
    *steps: Step, transport: AiohttpTransport | None = None
) -> AsyncGenerator[tuple[ScriptedUpstream, Call]]:
    with ScriptedUpstream(raw(*steps)) as upstream:
        async with aclosing(transport or AiohttpTransport()) as sender:
            yield upstream, lambda: sender.handle_async_request(post(upstream.url))


def post(url: str) -> httpx.Request:
    return httpx.Request("POST", url, content=b'{"model":"m"}')


def chunks_of(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    stream = cast(httpx.AsyncByteStream, response.stream)
    return cast(AsyncGenerator[bytes, None], aiter(stream))


async def error_of(sending: Awaitable[httpx.Response]) -> type[httpx.TransportError]:
    with pytest.raises(httpx.TransportError) as caught:
        await (await sending).aread()
    assert caught.value.request.method == "POST"
    return caught.type


def awaited(test: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), PATIENCE_SECONDS))

    return run


async def sent(transport: AiohttpTransport, request: httpx.Request) -> bytes:
    return await (await transport.handle_async_request(request)).aread()


async def is_set(event: threading.Event) -> bool:
    return await asyncio.to_thread(event.wait, PATIENCE_SECONDS)


@awaited
async def test_a_json_answer_arrives_whole_with_its_status() -> None:
    answer = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 13\r\n\r\n" + b'{"error": {}}'
    async with calling(answer) as (_, call):
        response = await call()

        assert (response.status_code, await response.aread()) == (429, b'{"error": {}}')


@awaited
async def test_the_request_goes_out_as_given_and_nothing_is_added() -> None:
    tags = [("Host", "api.example"), ("X-Tag", "1"), ("X-Tag", "2")]
    async with calling(WHOLE) as (upstream, _), aclosing(AiohttpTransport()) as transport:
        url = upstream.url + "/a%3A0/b?q=c%20d"
        await sent(transport, httpx.Request("POST", url, headers=tags, content=b"{}"))

    line, *headers = upstream.requests[0].head.split(b"\r\n")[:-2]
    assert line == b"POST /v1/a%3A0/b?q=c%20d HTTP/1.1"
    assert sorted(headers) == [b"Content-Length: 2", b"Host: api.example", b"X-Tag: 1", b"X-Tag: 2"]
    assert upstream.requests[0].raw == b"{}"


@pytest.mark.parametrize("size", [0, 1, 3_000_000], ids=["empty", "tiny", "large"])
@awaited
async def test_a_body_of_any_size_is_sent_whole(size: int) -> None:
    async with calling(WHOLE) as (upstream, _), aclosing(AiohttpTransport()) as transport:
        await sent(transport, httpx.Request("POST", upstream.url, content=b"x" * size))

    assert upstream.requests[0].raw == b"x" * size


@awaited
async def test_a_body_given_in_pieces_is_counted_and_sent_whole() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    async with calling(WHOLE) as (upstream, _), aclosing(AiohttpTransport()) as transport:
        await sent(transport, httpx.Request("POST", upstream.url, content=pieces()))

    assert "transfer-encoding" not in upstream.requests[0].headers
    assert upstream.requests[0].raw == b"one two"


@awaited
async def test_chunks_arrive_as_they_are_sent() -> None:
    seen = threading.Event()
    async with calling(CHUNKED + CHUNK, seen, b"6\r\nagain!\r\n" + END) as (_, call):
        got: list[bytes] = []
        async for chunk in chunks_of(await call()):
            got.append(chunk)
            seen.set()

        assert got == [b"hello", b"again!"]


@awaited
async def test_headers_that_repeat_stay_apart() -> None:
    answer = OK + b"X-Limit: a\r\nx-limit: b\r\ncontent-length: 0\r\n\r\n"
    async with calling(answer) as (_, call):
        assert (await call()).headers.get_list("x-limit") == ["a", "b"]


@awaited
async def test_compressed_bytes_are_not_touched() -> None:
    packed = gzip.compress(b"hello")
    head = OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with calling(head + packed) as (_, call):
        assert b"".join([chunk async for chunk in chunks_of(await call())]) == packed


@awaited
async def test_a_redirect_is_answered_not_followed() -> None:
    head = b"HTTP/1.1 307 No\r\nlocation: http://nonexistent.invalid\r\ncontent-length: 0\r\n\r\n"
    async with calling(head) as (_, call):
        assert (await call()).status_code == 307


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")

    test_chunks_arrive_as_they_are_sent()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1", httpx.ConnectError),
        ("http://nonexistent.invalid", httpx.ConnectError),
        ("ftp://127.0.0.1", httpx.UnsupportedProtocol),
    ],
    ids=["nobody listens", "no such name", "not http"],
)
@awaited
async def test_what_could_not_connect_was_not_sent(url: str, error: type[Exception]) -> None:
    async with aclosing(AiohttpTransport()) as transport:
        assert await error_of(transport.handle_async_request(post(url))) is error


@awaited
async def test_a_failed_tls_handshake_was_not_sent() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with aclosing(AiohttpTransport()) as transport:
        assert await error_of(transport.handle_async_request(post(url))) is httpx.ConnectError
    server.close()


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (CLOSE, httpx.RemoteProtocolError),
        (RESET, httpx.ReadError),
        (b"who goes there?\r\n\r\n", httpx.RemoteProtocolError),
        (60.0, httpx.ReadTimeout),
    ],
    ids=["closed", "reset", "not http", "silent"],
)
@awaited
async def test_a_failure_after_sending_leaves_the_outcome_unknown(
    step: Step, error: type[Exception]
) -> None:
    async with calling(step, transport=AiohttpTransport(read_seconds=0.1)) as (_, call):
        assert await error_of(call()) is error


@pytest.mark.parametrize("reader_pauses_seconds", [0.0, 0.3], ids=["eager", "slow"])
@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ((OK + b"content-length: 9\r\n\r\nhello", CLOSE), httpx.RemoteProtocolError),
        ((CHUNKED + CHUNK, CLOSE), httpx.RemoteProtocolError),
        ((CHUNKED + b"9\r\nhello", CLOSE), httpx.RemoteProtocolError),
        ((CHUNKED + CHUNK, 0.02, b"what?\r\n", 60.0), httpx.RemoteProtocolError),
        ((CHUNKED + CHUNK, 60.0), httpx.ReadTimeout),
    ],
    ids=["below its length", "between chunks", "inside a chunk", "malformed", "silent"],
)
@awaited
async def test_a_broken_answer_gives_all_that_came_and_then_fails(
    steps: tuple[Step, ...], error: type[Exception], reader_pauses_seconds: float
) -> None:
    async with calling(*steps, transport=AiohttpTransport(read_seconds=0.1)) as (_, call):
        response = await call()
        await asyncio.sleep(reader_pauses_seconds)
        chunks = chunks_of(response)

        assert await anext(chunks) == b"hello"
        with pytest.raises(error):
            await anext(chunks)


@awaited
async def test_the_read_timeout_is_for_each_read_not_for_the_whole() -> None:
    paced = (CHUNKED, 0.1, CHUNK, 0.1, CHUNK, 0.1, CHUNK, 0.1, END)
    async with calling(*paced, transport=AiohttpTransport(read_seconds=0.25)) as (_, call):
        assert await (await call()).aread() == b"hello" * 3


@awaited
async def test_the_timeouts_of_an_httpx_client_reach_the_socket() -> None:
    async with (
        calling(60.0) as (upstream, _),
        httpx.AsyncClient(transport=AiohttpTransport(), timeout=0.05) as client,
    ):
        assert await error_of(client.post(upstream.url)) is httpx.ReadTimeout


@pytest.mark.parametrize("start", [b"", CHUNKED, CHUNKED + CHUNK], ids=["early", "late", "midway"])
@awaited
async def test_cancelling_closes_the_upstreams_connection(start: bytes) -> None:
    async def read_all() -> None:
        await (await call()).aread()

    async with calling(start, 60.0) as (upstream, call):
        reading = asyncio.create_task(read_all())
        await asyncio.sleep(0.1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

        assert await is_set(upstream.requests[0].hung_up)


@pytest.mark.parametrize("chunks", [0, 1], ids=["unread", "half read"])
@awaited
async def test_closing_an_unfinished_answer_closes_the_connection(chunks: int) -> None:
    async with calling(CHUNKED + CHUNK, 60.0) as (upstream, call):
        response = await call()
        async with aclosing(chunks_of(response)) as stream:
            for _ in range(chunks):
                await anext(stream)
            await response.aclose()

            assert await is_set(upstream.requests[0].hung_up)


@pytest.mark.parametrize(
    ("keepalive_seconds", "connections"), [(4.0, 1), (0.01, 3)], ids=["fresh", "stale"]
)
@awaited
async def test_a_read_answer_leaves_its_connection_for_the_next_until_it_has_idled_too_long(
    keepalive_seconds: float, connections: int
) -> None:
    keeping = AiohttpTransport(keepalive_seconds=keepalive_seconds)
    async with calling(WHOLE, transport=keeping) as (upstream, call):
        for _ in range(3):
            response = await call()
            await response.aread()
            await response.aclose()
            await asyncio.sleep(0.05)

        assert upstream.connections == connections


@awaited
async def test_a_transport_never_used_closes_too() -> None:
    await AiohttpTransport().aclose()
