"""httpx's transport interface on aiohttp, which costs a fraction of httpx's own transport.

Failures are sorted by what the ledger must know, and raised as httpx's exceptions:

    not sent    ConnectError, ConnectTimeout, UnsupportedProtocol    another try costs nothing
    unknown     RemoteProtocolError, ReadError, ReadTimeout          the work may have been done
"""

import asyncio
import io
import ssl
from collections.abc import AsyncGenerator, Mapping
from functools import lru_cache
from typing import Final
from weakref import WeakKeyDictionary

import aiohttp
import httpx
import yarl
from aiohttp.client_proto import ResponseHandler

CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 120.0
# uvicorn and Node close an idle connection after 5 s, and few servers are quicker. A request sent
# on a connection the server has just closed is lost with an unknown outcome, so we close first.
KEEPALIVE_SECONDS: Final = 4.0
# Some hosts answer with policy headers longer than aiohttp's 8 KiB.
HEADER_BYTES_MAX: Final = 64 * 1024
# aiohttp warns above 1 MiB of plain bytes, and writes a file object in slices instead.
PLAIN_BODY_BYTES_MAX: Final = 1024 * 1024
# The body is sent whole, so aiohttp counts it; a second framing would contradict that.
NOT_FORWARDED: Final = frozenset({b"transfer-encoding"})
# Only what the request says is sent: an Accept-Encoding of aiohttp's making would bring back bytes
# that nobody here inflates.
NEVER_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")

# The first that fits; anything else may have happened after sending, and is a ReadError.
FAILURES: Final[tuple[tuple[type[Exception], type[httpx.TransportError]], ...]] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (TimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
)


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Holds one connection pool, bound to the event loop of its first request.

    Proxy settings in the environment and redirects are ignored. A request body is sent whole.
    """

    def __init__(
        self,
        *,
        connect_seconds: float | None = CONNECT_SECONDS,
        read_seconds: float | None = READ_SECONDS,
        keepalive_seconds: float = KEEPALIVE_SECONDS,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self._default_timeout = _timeout(connect_seconds, read_seconds)
        self._keepalive_seconds = keepalive_seconds
        self._verify = verify
        self._session: aiohttp.ClientSession | None = None
        self._watches: WeakKeyDictionary[ResponseHandler, _Watch] = WeakKeyDictionary()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as soon as the headers are there; `Response.stream` has the bytes as they came.

        Read the stream to its end or close it. Cancelling closes the upstream's connection.
        """
        session = self._session or self._open()
        stream = request.stream
        # A body in memory is taken as it is; reading it asynchronously costs more than sending it.
        body = b"".join(stream) if isinstance(stream, httpx.ByteStream) else await request.aread()
        try:
            answer = await session.request(
                request.method,
                _target(str(request.url)),
                headers=[
                    (name.decode(), value.decode())
                    for name, value in request.headers.raw
                    if name.lower() not in NOT_FORWARDED
                ],
                data=io.BytesIO(body) if len(body) > PLAIN_BODY_BYTES_MAX else body or None,
                timeout=self._timeout_of(request),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise _by_cause(error, request) from error
        self._watch(answer)
        return httpx.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Body(answer, request),
            request=request,
        )

    async def aclose(self) -> None:
        """Close every connection, also those of answers still being read."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        # A connector belongs to a running loop, so it cannot be made in the constructor.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=self._keepalive_seconds,
                ssl=True if self._verify is None else self._verify,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=NEVER_ADDED,
            auto_decompress=False,
            trust_env=False,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
        )
        return self._session

    def _watch(self, answer: aiohttp.ClientResponse) -> None:
        protocol = answer.connection.protocol if answer.connection else None
        if protocol is None:
            return  # the whole body is here
        watch = self._watches.get(protocol)
        closed = protocol.closed
        if watch is None:
            watch = self._watches[protocol] = _Watch()
            if closed is not None:
                closed.add_done_callback(watch.lost)
        watch.content = answer.content
        if closed is None or closed.done():
            watch.lost(closed)

    def _timeout_of(self, request: httpx.Request) -> aiohttp.ClientTimeout:
        asked: Mapping[str, float | None] | None = request.extensions.get("timeout")
        if asked is None:
            return self._default_timeout
        default = self._default_timeout
        return _timeout(asked.get("connect", default.connect), asked.get("read", default.sock_read))


class _Watch:
    """Tells the reader of a connection's latest answer that nothing more will come.

    aiohttp does not when the framing of a body turns out malformed: it closes the connection and
    stops the read timeout, and the reader waits for ever.
    """

    content: aiohttp.StreamReader | None = None

    def lost(self, closed: asyncio.Future[None] | None) -> None:
        if closed is not None and not closed.cancelled():
            closed.exception()  # asyncio logs one that nobody has looked at
        # The content leads back to its connection, which a weak dictionary could not let go.
        content, self.content = self.content, None
        if content is not None and content.exception() is None and not content.is_eof():
            content.set_exception(aiohttp.ClientPayloadError("The body is malformed."))


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        content = self._answer.content
        try:
            while chunk := await content.readany():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            if rest := _left_behind(content):
                yield rest
            raise _by_cause(error, self._request) from error
        finally:
            self._answer.close()

    async def aclose(self) -> None:
        # A fully read answer has given its connection back by now, and keeps it.
        self._answer.close()


def _left_behind(content: aiohttp.StreamReader) -> bytes:
    # A failure hides the bytes that came before it and were not read yet. They have been paid for,
    # and may hold the usage; aiohttp has no public way to them.
    return content._read_nowait(-1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _by_cause(error: Exception, request: httpx.Request) -> httpx.TransportError:
    known = (failure for cause, failure in FAILURES if isinstance(error, cause))
    return next(known, httpx.ReadError)(str(error) or type(error).__name__, request=request)


@lru_cache(maxsize=1024)
def _target(url: str) -> yarl.URL:
    # A signature covers the path byte for byte, so nothing is quoted anew.
    return yarl.URL(url, encoded=True)


@lru_cache(maxsize=64)
def _timeout(connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
    # `connect` covers the name's resolution too; `sock_connect` begins after it.
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=read)
