"""Bare pass-through proxies to measure against: `bench_proxies.py CLIENT PORT UPSTREAM`.

CLIENT is `aiohttp` or `httpx`; both forward the body and relay the answer's bytes, nothing else.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

CLIENT, PORT, UPSTREAM = sys.argv[1], int(sys.argv[2]), sys.argv[3]
HEADERS = {"content-type": "application/json", "authorization": "Bearer upstream"}


async def by_aiohttp(request: Request) -> Response:
    """Forward with aiohttp."""
    body = await request.body()
    session: aiohttp.ClientSession = request.app.state.client
    answer = await session.post(UPSTREAM, data=body, headers=HEADERS)
    kind = answer.headers["content-type"]
    if "event-stream" not in kind:
        async with answer:
            return Response(await answer.read(), answer.status, media_type=kind)

    async def relay() -> AsyncIterator[bytes]:
        async with answer:
            async for chunk in answer.content.iter_any():
                yield chunk

    return StreamingResponse(relay(), answer.status, media_type=kind)


async def by_httpx(request: Request) -> Response:
    """Forward with httpx as it comes."""
    body = await request.body()
    client: httpx.AsyncClient = request.app.state.client
    asked = client.build_request("POST", UPSTREAM, content=body, headers=HEADERS)
    answer = await client.send(asked, stream=True)
    kind = answer.headers["content-type"]
    if "event-stream" not in kind:
        raw = await answer.aread()
        return Response(raw, answer.status_code, media_type=kind)

    async def relay() -> AsyncIterator[bytes]:
        async for chunk in answer.aiter_raw():
            yield chunk
        await answer.aclose()

    return StreamingResponse(relay(), answer.status_code, media_type=kind)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Hold one client."""
    if CLIENT == "aiohttp":
        connector = aiohttp.TCPConnector(limit=0)
        app.state.client = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        yield
        await app.state.client.close()
    else:
        limits = httpx.Limits(max_connections=1000, max_keepalive_connections=1000)
        app.state.client = httpx.AsyncClient(limits=limits, timeout=60)
        yield
        await app.state.client.aclose()


handler = by_aiohttp if CLIENT == "aiohttp" else by_httpx
app = Starlette(
    routes=[Route("/v1/chat/completions", handler, methods=["POST"])], lifespan=lifespan
)
uvicorn.run(app, port=PORT, log_level="warning", access_log=False, loop="uvloop", http="httptools")
