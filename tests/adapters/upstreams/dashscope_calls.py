"""Calls through the DashScope dialect to a scripted upstream, over real sockets."""

import asyncio
import json
from typing import Any

from adapters.protocols.dashscope.request import decode_text
from adapters.protocols.openai_chat.request import decode_request as decode_chat
from adapters.upstreams.dashscope import dashscope_dialect
from adapters.upstreams.http_provider import HttpProvider
from adapters.upstreams.transport import AiohttpTransport
from domain.catalog import Route
from domain.upstream import UpstreamCall
from tests.scripted_upstream import ScriptedUpstream

SSE = {b"x-dashscope-sse": b"enable"}
READ_SECONDS = 0.5


def native(*, stream: bool = False, model: str = "qwen-plus", **parameters: Any) -> Any:
    asked = {"messages": [{"role": "user", "content": "one two"}]}
    body = {"model": model, "input": asked, "parameters": parameters}
    return decode_text(json.dumps(body).encode(), SSE if stream else {})


def chat(content: Any = "one two", **options: Any) -> Any:
    asked = [{"role": "user", "content": content}]
    return decode_chat(json.dumps({"model": "m", "messages": asked, **options}).encode())


def sent(
    upstream: ScriptedUpstream, request: Any, model: str = "up", cap: int = 100
) -> tuple[bytes, Any]:
    """Send a request; give the bytes that would reach the caller, and the answer."""

    async def relay() -> tuple[bytes, Any]:
        transport = AiohttpTransport(read_seconds=READ_SECONDS)
        base_url = upstream.url.removesuffix("/v1") + "/api/v1/"
        provider = HttpProvider(dashscope_dialect(base_url, "sk-up"), transport)
        route = Route("aliyun", model)
        provider.check(request, route, 100)
        try:
            answer: Any = await provider.send(UpstreamCall("r", request.model, route, request, cap))
            relayed = [data async for data in answer.relay()]
            await answer.close()
        finally:
            await transport.aclose()
        return b"".join(relayed) + answer.tail(None), answer

    return asyncio.run(relay())
