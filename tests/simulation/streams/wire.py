"""A wire made of bytes: what an upstream's answer looks like to the transport's reader."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import httpx

from tests.scripted_answers import Received


@dataclass(frozen=True)
class Pieces:
    """A body as it comes, and how it ends: by itself, or by an error."""

    content_type: str
    pieces: Sequence[bytes]
    error: type[httpx.TransportError] | None = None


Answer = Callable[[int, Received], Pieces]
"""What the request of this number gets."""


class Body(httpx.AsyncByteStream):
    """Gives each piece on its own, with a chance for others to run in between."""

    def __init__(self, given: Pieces) -> None:
        self._given = given
        self.let_go = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._given.pieces:
            await asyncio.sleep(0)
            if piece:
                yield piece
        if self._given.error is not None:
            raise self._given.error("The wire was cut.")

    async def aclose(self) -> None:
        self.let_go = True


class Wire(httpx.AsyncBaseTransport):
    """Answers each request as it is told to."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self._answer: Answer | None = None

    def script(self, answer: Answer) -> None:
        """Begin anew."""
        self.bodies = []
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert self._answer is not None
        headers = {name.lower(): value for name, value in request.headers.items()}
        path, raw = request.url.raw_path.decode(), await request.aread()
        given = self._answer(len(self.bodies), Received("POST", path, headers, b"", raw))
        self.bodies.append(Body(given))
        named = {"content-type": given.content_type}
        return httpx.Response(200, headers=named, stream=self.bodies[-1], request=request)
