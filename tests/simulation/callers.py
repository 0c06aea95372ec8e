"""Callers without a client library: no retries, one connection each, and all that came over it."""

import asyncio
import json
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

PATIENCE_SECONDS = 120
PATH = "/v1/chat/completions"
NANOS = 10**9
STREAM = {"stream": True, "stream_options": {"include_usage": True}}


@dataclass
class Seen:
    """What a caller saw; the status is 0 if nothing came, and what was cut is not whole."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytearray = field(default_factory=bytearray)
    whole: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.json["error"]
        return error

    @property
    def request_id(self) -> str:
        return self.headers["x-gateway-request-id"].removeprefix("req_")

    @property
    def ended(self) -> bool:
        """Whether the caller can know that the answer is over, a stream's end mark included."""
        streamed = self.headers.get("content-type", "").startswith("text/event-stream")
        return self.whole and (not streamed or self.body.endswith(b"data: [DONE]\n\n"))


class Caller:
    """One connection to the gateway, kept open until it is closed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.port: int = writer.get_extra_info("sockname")[1]

    @classmethod
    async def connect(cls, url: str) -> Self:
        address = urlsplit(url)
        return cls(*await asyncio.open_connection(address.hostname, address.port))

    async def ask(
        self, key: str, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Seen:
        body = json.dumps(fields).encode()
        named = {"Host": "gateway", "Authorization": f"Bearer {key}", **(headers or {})}
        named |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        head = [f"POST {PATH} HTTP/1.1", *(f"{name}: {named[name]}" for name in named)]
        return await self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    async def send(self, request: bytes) -> Seen:
        seen = Seen()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                self._writer.write(request)
                await self._writer.drain()
                await self._read(seen)
        except (asyncio.IncompleteReadError, ConnectionError):
            return seen
        return seen

    def write(self, part: bytes) -> None:
        """Send a part of a request and wait for nothing."""
        self._writer.write(part)

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return

    async def _read(self, seen: Seen) -> None:
        head = await self._reader.readuntil(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").strip().split("\r\n")
        seen.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        seen.status = int(status.split(" ")[1])
        if seen.headers.get("transfer-encoding") != "chunked":
            await self._take(seen, int(seen.headers.get("content-length", 0)))
        else:
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                await self._take(seen, size)
                await self._reader.readexactly(2)
            await self._reader.readexactly(2)
        seen.whole = True

    async def _take(self, seen: Seen, size: int) -> None:
        try:
            seen.body += await self._reader.readexactly(size)
        except asyncio.IncompleteReadError as cut:
            seen.body += cut.partial
            raise


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def ask(
    url: str, key: str, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Seen:
    """Call once on a connection of its own."""
    caller = await Caller.connect(url)
    try:
        return await caller.ask(key, fields, headers)
    finally:
        await caller.close()


async def ask_all(url: str, key: str, bodies: Sequence[Mapping[str, Any]]) -> list[Seen]:
    """Call all at once, each on a connection of its own."""
    return await together(ask(url, key, fields) for fields in bodies)


async def together(work: Any) -> list[Any]:
    waiting: list[Awaitable[Any]] = list(work)
    return list(await asyncio.gather(*waiting))


def chat(text: str = "Say it.", **fields: Any) -> dict[str, Any]:
    return {"model": "small", "messages": [{"role": "user", "content": text}], **fields}


def nanos(amount: str) -> int:
    exact = Decimal(amount) * NANOS
    assert exact == int(exact), "no amount is finer than a nano"
    return int(exact)


def amount(of_nanos: int) -> str:
    return f"{Decimal(of_nanos) / NANOS:f}"
