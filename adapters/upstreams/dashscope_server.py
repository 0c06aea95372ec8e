"""Where DashScope is."""

from dataclasses import dataclass

import httpx

from adapters.upstreams.dialect import Outgoing


@dataclass(frozen=True, slots=True)
class DashScopeServer:
    """Where it is, and how we are known there; the address ends in …/api/v1."""

    base_url: str
    api_key: str | None

    def outgoing(self, path: str, body: bytes, *, stream: bool = False) -> Outgoing:
        """Address a request; that it shall stream is said in its headers."""
        headers = [(b"content-type", b"application/json")]
        if self.api_key:
            headers.append((b"authorization", b"Bearer " + self.api_key.encode()))
        if stream:
            headers += [(b"accept", b"text/event-stream"), (b"x-dashscope-sse", b"enable")]
        return Outgoing(httpx.URL(self.base_url.rstrip("/") + path), headers, body)
