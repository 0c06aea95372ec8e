"""One HTTP exchange on bare ASGI: the hot path without a framework's objects."""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from typing import Any

from domain.errors import BodyTooLargeError, InvalidRequestError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

_CLIENT_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


class Exchange:
    """Reads a request and answers it; once the client has gone, sending does nothing."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.started = False
        self.status: int | None = None
        """The answer's; None before it has begun."""
        self._receive = receive
        self._send = send

    @property
    def client_request_id(self) -> str | None:
        """The caller's own X-Request-ID if it is a plain id; only for correlation."""
        return plain_request_id(self.headers.get(b"x-request-id", b""))

    async def body(self, limit: int) -> bytes:
        """Read the request body, or raise BodyTooLargeError."""
        length = self.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > limit:
            raise BodyTooLargeError(limit)
        if self.headers.get(b"content-encoding", b"identity") != b"identity":
            reason = "A compressed request body is not supported."
            raise InvalidRequestError(reason)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise BodyTooLargeError(limit)
            if not message.get("more_body", False):
                return b"".join(parts)

    async def gone(self) -> None:
        """Wait until the client hangs up; only after the body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def start(self, status: int, headers: Headers) -> None:
        """Send the status line and the headers."""
        self.started, self.status = True, status
        await self._send(
            {"type": "http.response.start", "status": status, "headers": list(headers)}
        )

    async def send(self, data: bytes, *, last: bool = False) -> None:
        """Send a part of the body; waits while a slow client's buffer is full."""
        # A client that has gone is no fault of the call, which goes on to its charge.
        with suppress(OSError):
            await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole answer."""
        length = (b"content-length", str(len(body)).encode())
        await self.start(status, [*headers, length])
        await self.send(body, last=True)


class ClientGoneError(Exception):
    """The client hung up before its request was whole."""


def plain_request_id(given: bytes) -> str | None:
    """Accept a caller's X-Request-ID if it is a plain id of at most 128 characters."""
    return given.decode() if _CLIENT_REQUEST_ID.fullmatch(given) else None
